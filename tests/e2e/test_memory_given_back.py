"""What a server keeps of the memory that a long history took."""

from pathlib import Path

import trio

from benchmarks.home import write_home
from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import WAIT_SECONDS, Probe

MIB = 1 << 20
BIG_BYTES = 96 * MIB
"""The answer that holds it is 46 MiB: so much stays when it is kept, or when free memory is."""

KEPT_BYTES = 34 * MIB
"""What is loaded while clients are quiet is up to 26 MiB, and comes whenever it will."""


def resident(probe: Probe) -> int:
    status = Path(f"/proc/{probe.server.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))


async def test_a_long_history_that_was_read_does_not_stay_in_memory(lab: Lab) -> None:
    home = write_home(lab.codex_home, threads=2, big_bytes=BIG_BYTES)
    async with lab.run() as probe:
        await probe.request("thread/list", {})
        await probe.request("thread/turns/list", {"threadId": home.big_thread, "limit": 1})
        before = resident(probe)
        for _ in range(2):
            read = await probe.request("thread/read", {"threadId": home.big_thread, "includeTurns": True})
            assert len(read["thread"]["turns"]) == home.big_turns
            del read
        # The client may have the answer before the server has let go of it.
        with trio.fail_after(WAIT_SECONDS):
            while resident(probe) - before >= KEPT_BYTES:  # noqa: ASYNC110  # the kernel tells nobody
                await trio.sleep(0.02)

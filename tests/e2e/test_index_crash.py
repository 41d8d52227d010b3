"""A server that is killed in the middle of writing the index of threads, at any write to the database there is.

`CRASH_KILLS` says how many servers die (a fifth of it), `CRASH_SEED` at which writes.
"""

import contextlib
import os
import random
import signal
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from trouble_lab import DATABASE, check_database, ids

from benchmarks.home import NEEDLE, Home, write_home
from codex_trio.client.errors import ServerGone
from codex_trio.conformance.lab import Lab, ServerUnderTest
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_server import open_model_server
from codex_trio.testing.system_calls import Call, CallWatch, CannotWatch, NeverDone, watched_calls

KILLS = int(os.environ.get("CRASH_KILLS", "20")) // 5
SEED = int(os.environ.get("CRASH_SEED", "1"))

THREADS = 40
BIG_BYTES = 600_000
"""Enough for the places of the big thread's turns to be kept in the database as well."""

WRITES = ("pwrite64", "fdatasync", "ftruncate")
PATIENCE = 20.0
BACKGROUND_SECONDS = 3.0
"""How long a server that nobody asks for anything may take to make the write that it dies of."""


class Killer:
    """Kills a server when it is about to make a certain write to the database: that one is not made."""

    def __init__(self, watch: CallWatch) -> None:
        self.writes = 0
        """How many of the writes that count there were."""
        self.deaths = 0
        self._left: int | None = None
        self._only_main_file = False
        self._server = 0
        watch.decide = self._decide

    def aim(self, server: int, *, left: int | None, only_main_file: bool = False) -> None:
        """The server dies when so many more writes have been made; never, if that is None."""
        self.writes, self._left, self._only_main_file, self._server = 0, left, only_main_file, server

    def _decide(self, call: Call) -> None:
        is_main_file = call.path.endswith(DATABASE)
        if DATABASE not in call.path or (self._only_main_file and not is_main_file):
            return
        self.writes += 1
        if self._left is not None and self.writes > self._left:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._server, signal.SIGKILL)
                self.deaths += self.writes == self._left + 1
            raise NeverDone


@pytest.fixture
async def lab(tmp_path: Path, own_server: ServerUnderTest) -> AsyncGenerator[Lab]:
    async with open_model_server() as model:
        yield Lab(tmp_path, own_server, model)


@pytest.fixture
async def watch(lab: Lab) -> AsyncGenerator[CallWatch]:
    try:
        async with watched_calls(lab.base / "calls", WRITES) as opened:
            yield opened
    except CannotWatch as reason:
        pytest.skip(str(reason))


@pytest.fixture
def home(lab: Lab) -> Home:
    return write_home(lab.codex_home, threads=THREADS, big_bytes=BIG_BYTES)


async def ask_for_everything(probe: Probe, home: Home) -> None:
    """Make a server write all that it keeps in the database, or find it there."""
    listed = await ids(probe, "thread/list", {})
    assert len(set(listed)) == len(listed) == home.threads - home.archived
    assert len(await ids(probe, "thread/search", {"searchTerm": NEEDLE})) == home.needles
    read = await probe.request("thread/read", {"threadId": home.big_thread, "includeTurns": True})
    assert len(read["thread"]["turns"]) == home.big_turns


@pytest.mark.slow
async def test_a_server_killed_while_it_writes_the_index_leaves_it_sound_and_others_undisturbed(
    lab: Lab, own_server: ServerUnderTest, watch: CallWatch, home: Home
) -> None:
    chosen = random.Random(SEED)
    killer = Killer(watch)
    watched = replace(own_server, command=watch.command(own_server.command))

    async def live(*, left: int | None, mode: str) -> int:
        """Run a watched server until it dies or is done; how many of the writes that count it made."""
        # A database that is there already leaves little to write.
        if left is None or chosen.random() < 0.8:
            for path in lab.codex_home.glob(f"{DATABASE}*"):
                path.unlink()
        lab.server = watched
        async with lab.run(initialize=False) as probe:
            killer.aim(probe.server.process.pid, left=None if mode == "closing" else left)
            with contextlib.suppress(ServerGone):
                await probe.client.initialize("crash-test", "1.0", experimental=True)
                if mode == "beside another":
                    await work_beside_another(probe)
                elif mode != "background":
                    await ask_for_everything(probe, home)
            if mode == "background":
                with trio.move_on_after(BACKGROUND_SECONDS):
                    await probe.client.closed.wait()
            if mode == "closing":
                killer.aim(probe.server.process.pid, left=left, only_main_file=True)
            elif left is not None:
                # Another server may have left it nothing to write.
                probe.server.kill()
        assert probe.server.stderr == ""
        return killer.writes

    async def work_beside_another(probe: Probe) -> None:
        lab.server = own_server
        async with lab.run() as other:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_until_gone, probe, home)
                await ask_for_everything(other, home)
            await ask_for_everything(other, home)
        assert other.server.stderr == ""

    with trio.fail_after(PATIENCE):
        most = {mode: await live(left=None, mode=mode) for mode in ("asked", "closing")}
    for _ in range(KILLS):
        mode = chosen.choice(("asked", "beside another", "background", "closing"))
        with trio.fail_after(PATIENCE):
            # Whoever asks, it is the same work.
            await live(left=chosen.randrange(most.get(mode, most["asked"])), mode=mode)
        lab.server = own_server
        async with lab.run() as probe:
            await ask_for_everything(probe, home)
            assert probe.server.stderr == ""
        check_database(lab.codex_home)
    # Of a few, all may have been left nothing to write.
    assert killer.deaths > 0 or KILLS < 20
    print(f"seed {SEED}: {killer.deaths} of {KILLS} servers were killed at a write to the database")


async def _until_gone(probe: Probe, home: Home) -> None:
    with contextlib.suppress(ServerGone):
        await ask_for_everything(probe, home)

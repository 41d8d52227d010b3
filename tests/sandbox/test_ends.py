"""How commands in a sandbox end: what they leave running, and interrupts."""

import trio
from sandbox_lab import PATIENCE, SandboxLab

from codex_trio.sandbox.policy import ReadOnly

READ_ONLY = ReadOnly()
TOLD = "[sandbox: ended with the command, which had left it running in the background: "


async def test_what_a_command_leaves_running_ends_with_it_and_the_output_says_so(mount_lab: SandboxLab) -> None:
    script = "sleep 300 & setsid sleep 301 >/dev/null 2>&1 & echo done; exit 3"
    outcome = await mount_lab.run(mount_lab.request(READ_ONLY, "/bin/bash", "-c", script))
    assert outcome.exit_code == 3
    said, told = outcome.output.splitlines()
    assert said == "done"
    assert told.startswith(f"{TOLD}sleep, sleep; to keep something running, ")


async def test_a_command_that_leaves_nothing_running_says_only_what_it_says(lab: SandboxLab) -> None:
    outcome = await lab.run(lab.request(READ_ONLY, "/bin/bash", "-c", "sleep 0.01 & wait; echo done | cat; exit 3"))
    assert (outcome.exit_code, outcome.output) == (3, "done\n")


async def test_an_interrupt_reaches_the_command_and_not_what_keeps_it(lab: SandboxLab) -> None:
    plain, trapping = "echo ready; exec sleep 300", "trap 'exit 7' INT; echo ready; sleep 300 & wait"
    for script, code in ((plain, 130), (trapping, 7)):
        with trio.fail_after(PATIENCE):
            async with lab.spawner.start(lab.request(READ_ONLY, "/bin/bash", "-c", script)) as process:
                seen = b""
                while not seen.endswith(b"ready\n"):
                    seen += await process.stdout.receive()
                await process.interrupt()
                assert await process.wait() == code

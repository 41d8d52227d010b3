"""Whatever way a command or the server ends, no process of it is left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from process_lab import PATIENCE, ProcessLab, wait_removed

from codex_trio.conformance.processes import is_alive, wait_gone
from codex_trio.execution.sessions import ExecSessions, open_exec_sessions
from codex_trio.execution.spawner import open_process_spawner

# Five ways to get away from a shell: a background child, one in a session of its own, a daemon whose parent is gone
# as well, one that has cleared its environment, and one that has done all of this.
FAMILY = """
sleep 300 & echo $! >plain
setsid sh -c 'echo $$ >session; exec sleep 300' &
(setsid sh -c 'echo $$ >daemon; exec sleep 300' >/dev/null 2>&1 &)
env -i sh -c 'echo $$ >cleared; exec /bin/sleep 300' &
(setsid env -i sh -c 'echo $$ >lost; exec /bin/sleep 300' >/dev/null 2>&1 &)
"""
MEMBERS = ("plain", "session", "daemon", "cleared", "lost")
WAITING = FAMILY + "echo $$ >leader; exec sleep 300"

DOOMED_SERVER = Path(__file__).with_name("doomed_server.py")


async def family(lab: ProcessLab) -> list[int]:
    return [await lab.read_pid(name) for name in MEMBERS]


async def test_killing_a_process_ends_its_whole_family(lab: ProcessLab) -> None:
    async with lab.spawner.start(lab.shell(WAITING)) as process:
        pids = await family(lab)
        assert all(is_alive(pid) for pid in pids)
        with trio.fail_after(PATIENCE):
            await process.kill()
            assert await process.wait() == 128 + signal.SIGKILL
        assert not any(is_alive(pid) for pid in pids)


async def test_cancelling_the_owner_ends_the_whole_family(lab: ProcessLab) -> None:
    async def own() -> None:
        async with lab.spawner.start(lab.shell(WAITING)) as process:
            await process.wait()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(own)
        pids = await family(lab)
        nursery.cancel_scope.cancel()
    assert not any(is_alive(pid) for pid in pids)


async def test_an_error_of_the_owner_ends_the_background_children_too(lab: ProcessLab) -> None:
    pids: list[int] = []

    async def own() -> None:
        async with lab.spawner.start(lab.shell(FAMILY)) as process:
            await process.wait()
            pids.extend(await family(lab))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await own()
    assert not any(is_alive(pid) for pid in pids)


async def test_what_a_command_leaves_running_outlives_it_but_not_the_server(tmp_path: Path) -> None:
    async with open_process_spawner() as spawner:
        lab = ProcessLab(tmp_path, spawner)
        assert (await lab.run(lab.shell(f"({FAMILY}) >/dev/null 2>&1"))).exit_code == 0
        pids = await family(lab)
        assert (await lab.run(lab.shell("true"))).exit_code == 0
        assert all(is_alive(pid) for pid in pids)
    assert not any(is_alive(pid) for pid in pids)


async def test_one_kill_reaches_only_the_family_it_is_meant_for(lab: ProcessLab) -> None:
    async with lab.spawner.start(lab.shell("exec sleep 300")) as bystander:
        async with lab.spawner.start(lab.shell("exec sleep 300")) as process:
            await process.kill()
        assert is_alive(bystander.pid)


async def test_a_lost_daemon_of_another_command_is_left_alone(lab: ProcessLab, sessions: ExecSessions) -> None:
    lost = "setsid env -i sh -c 'echo $$ >{0}; exec /bin/sleep 300' >/dev/null 2>&1 & sleep 300"
    for name in ("one", "other"):
        await sessions.open(lab.shell(lost.format(name)), group=name)
    one, other = await lab.read_pid("one"), await lab.read_pid("other")
    with trio.fail_after(PATIENCE):
        await sessions.kill_group("one", because="test")
    assert (is_alive(one), is_alive(other)) == (False, True)
    assert len(sessions.running()) == 1


async def test_what_is_started_meanwhile_by_others_has_no_number(lab: ProcessLab) -> None:
    limits = trio.Path("/proc/self/limits")
    before = await limits.read_text()
    outcome = await lab.run(lab.shell("cat /proc/self/limits"))
    assert await limits.read_text() == before
    changed = set(outcome.stdout.decode().splitlines()) - set(before.splitlines())
    assert [line.startswith("Max realtime timeout") for line in changed] == [True]


async def test_killing_a_group_reaches_what_its_ended_commands_have_left(
    lab: ProcessLab, sessions: ExecSessions
) -> None:
    session = await sessions.open(lab.shell(f"({FAMILY}) >/dev/null 2>&1"), group="turn")
    await session.wait()
    pids = await family(lab)
    assert all(is_alive(pid) for pid in pids)
    with trio.fail_after(PATIENCE):
        await sessions.kill_group("turn", because="test")
    assert not any(is_alive(pid) for pid in pids)


async def test_cancelling_the_owner_of_sessions_ends_all_their_families(lab: ProcessLab) -> None:
    pids: list[int] = []

    async def own() -> None:
        async with open_exec_sessions(lab.spawner) as sessions:
            await sessions.open(lab.shell(WAITING))
            pids.extend(await family(lab))
            ended = await sessions.open(lab.shell("(setsid sh -c 'echo $$ >other; exec sleep 300' >/dev/null 2>&1 &)"))
            await ended.wait()
            pids.append(await lab.read_pid("other"))
            nursery.cancel_scope.cancel()
            await trio.sleep_forever()

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(own)
    assert not any(is_alive(pid) for pid in pids)


async def test_killing_a_session_reaches_what_it_left_in_the_background(
    lab: ProcessLab, sessions: ExecSessions
) -> None:
    session = await sessions.open(lab.shell("sleep 300 & echo $! >child"))
    with trio.fail_after(PATIENCE):
        assert await session.wait() == 0
        pid = await lab.read_pid("child")
        await sessions.kill(session, because="test")
    assert not is_alive(pid)


async def test_a_server_killed_outright_leaves_no_process_and_no_placeholder(lab: ProcessLab) -> None:
    placeholder = lab.folder / ".git"
    server = await start_doomed_server(lab, WAITING, str(placeholder))
    pids = [*await family(lab), await lab.read_pid("leader")]
    assert placeholder.is_dir()
    server.kill()
    await wait_gone(*pids, server.pid)
    await server.wait()
    await wait_removed(placeholder)


async def test_a_terminated_server_leaves_no_process(lab: ProcessLab) -> None:
    server = await start_doomed_server(lab, WAITING)
    pids = [*await family(lab), await lab.read_pid("leader")]
    os.killpg(server.pid, signal.SIGTERM)
    await wait_gone(*pids, server.pid)
    await server.wait()


async def test_the_janitor_ends_with_the_spawner(tmp_path: Path) -> None:
    async with open_process_spawner() as spawner:
        lab = ProcessLab(tmp_path, spawner)
        assert janitors() == []
        assert (await lab.run(lab.shell("true"))).exit_code == 0
        await the_janitor()
    assert janitors() == []


async def test_a_killed_janitor_is_replaced_by_the_next_commands(tmp_path: Path) -> None:
    async with open_process_spawner() as spawner:
        lab = ProcessLab(tmp_path, spawner)
        async with lab.spawner.start(lab.shell("exec sleep 300")):
            first = await the_janitor()
            os.kill(first, signal.SIGKILL)
            await wait_gone(first)
            for _ in range(2):
                assert (await lab.run(lab.shell("true"))).exit_code == 0
            assert await the_janitor() != first


async def the_janitor() -> int:
    # Right after its start a process has no command line yet.
    with trio.fail_after(PATIENCE):
        while True:
            if found := janitors():
                (pid,) = found
                return pid
            await trio.sleep(0.005)


def janitors() -> list[int]:
    """Return the janitors that this process has started."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [
        int(pid)
        for pid in children
        if is_alive(int(pid)) and b"\0janitor\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


async def start_doomed_server(lab: ProcessLab, script: str, *placeholders: str) -> trio.Process:
    return await trio.lowlevel.open_process(
        [sys.executable, str(DOOMED_SERVER), str(lab.folder), script, *placeholders],
        env={**lab.env, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )

"""Commands that may outlive the call that started them."""

import random

import pytest
import trio
from process_lab import PATIENCE, ProcessLab
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.conformance.processes import is_alive, wait_gone
from codex_trio.execution.errors import SpawnError, StdinClosed, StdinNotTaken, UnknownSession
from codex_trio.execution.processes import ManagedProcess
from codex_trio.execution.sessions import (
    MAX_SESSIONS,
    ExecSession,
    ExecSessions,
)
from codex_trio.execution.yielding import exec_yield_ms, write_yield_ms

LONG = 60_000
"""Milliseconds that nothing here takes, on the busiest machine."""


async def collect_until(sessions: ExecSessions, session: ExecSession, text: str) -> str:
    seen = ""
    with trio.fail_after(PATIENCE):
        while text not in seen:
            seen += (await sessions.collect(session, yield_ms=20)).output
    return seen


async def test_a_short_command_is_collected_whole_and_forgotten(lab: ProcessLab, sessions: ExecSessions) -> None:
    session = await sessions.open(lab.shell("echo hello; exit 3"))
    assert 1000 <= session.id <= 99999
    collected = await sessions.collect(session, yield_ms=LONG)
    assert (collected.output, collected.exit_code, collected.session_id) == ("hello\n", 3, None)
    assert 0 < collected.wall_seconds < PATIENCE
    with pytest.raises(UnknownSession, match=f"Unknown process id {session.id}"):
        sessions.get(session.id)


async def test_a_long_command_is_left_running_at_the_yield_time_and_collected_in_parts(
    lab: ProcessLab, sessions: ExecSessions
) -> None:
    session = await sessions.open(lab.shell("echo one; read line; echo two; read line", tty=True))
    assert "one" in await collect_until(sessions, session, "one")
    nothing_new = await sessions.collect(session, yield_ms=20)
    assert (nothing_new.output, nothing_new.exit_code, nothing_new.session_id) == ("", None, session.id)
    assert nothing_new.wall_seconds >= 0.02
    await sessions.write(session.id, "go\n")
    assert "two" in await collect_until(sessions, session, "two")
    await sessions.write(session.id, "\x04")
    last = await sessions.collect(session, yield_ms=LONG)
    assert (last.exit_code, last.session_id) == (1, None)
    assert session.transcript.text() == "one\r\ngo\r\ntwo\r\n"


async def test_a_command_that_ends_unseen_can_still_be_collected_once(lab: ProcessLab, sessions: ExecSessions) -> None:
    session = await sessions.open(lab.shell("echo hi"))
    with trio.fail_after(PATIENCE):
        assert await session.wait() == 0
    assert sessions.running() == []
    assert (await sessions.write(session.id, "too late")) is session
    assert (await sessions.collect(sessions.get(session.id), yield_ms=LONG)).output == "hi\n"
    with pytest.raises(UnknownSession):
        await sessions.write(session.id, "")


async def test_the_end_can_be_awaited_by_another_task_than_the_one_that_collects(
    lab: ProcessLab, sessions: ExecSessions
) -> None:
    session = await sessions.open(lab.shell("read line; exit 7", tty=True))
    codes: list[int] = []

    async def notify() -> None:
        codes.append(await session.wait())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(notify)
        await sessions.collect(session, yield_ms=10)
        assert codes == []
        await sessions.write(session.id, "\n")
    assert codes == [7]
    assert session.ended_at is not None
    assert session.ended_at >= session.started_at


async def test_input_for_a_command_without_a_terminal_is_refused(lab: ProcessLab, sessions: ExecSessions) -> None:
    session = await sessions.open(lab.shell("exec sleep 300"))
    with pytest.raises(StdinClosed):
        await sessions.write(session.id, "x")
    assert await sessions.write(session.id, "") is session


async def test_input_that_is_not_taken_in_time_is_not_said_to_be_closed(
    lab: ProcessLab, sessions: ExecSessions, mock_clock: MockClock
) -> None:
    mock_clock.rate = 1
    session = await sessions.open(lab.shell("stty raw -echo; echo up; exec sleep 300", tty=True))
    await collect_until(sessions, session, "up")
    async with trio.open_nursery() as nursery:

        async def write() -> None:
            with pytest.raises(StdinNotTaken):
                await sessions.write(session.id, "x" * 1_000_000)

        nursery.start_soon(write)
        await wait_all_tasks_blocked(0.05)
        mock_clock.jump(10)


async def test_ctrl_c_interrupts_a_command_without_a_terminal(lab: ProcessLab, sessions: ExecSessions) -> None:
    plain = await sessions.open(lab.shell("echo ready; exec sleep 300"))
    trapping = await sessions.open(lab.shell("trap 'echo caught; exit 7' INT; echo ready; sleep 300 & wait"))
    for session, said, code in ((plain, "", 130), (trapping, "caught\n", 7)):
        await collect_until(sessions, session, "ready\n")
        await sessions.write(session.id, "\x03")
        collected = await sessions.collect(session, yield_ms=LONG)
        assert (collected.output, collected.exit_code) == (said, code)
        assert session.killed_because is None


async def test_ctrl_c_does_not_reach_a_background_session(lab: ProcessLab, sessions: ExecSessions) -> None:
    session = await sessions.open(
        lab.shell("setsid sh -c 'echo $$ >other; exec sleep 300' & echo ready; exec sleep 300")
    )
    other = await lab.read_pid("other")
    await collect_until(sessions, session, "ready\n")
    await sessions.write(session.id, "\x03")
    assert (await sessions.collect(session, yield_ms=LONG)).exit_code == 130
    assert is_alive(other)


async def test_a_command_that_cannot_start_leaves_no_session(lab: ProcessLab, sessions: ExecSessions) -> None:
    with pytest.raises(SpawnError):
        await sessions.open(lab.request("no-such-program"))
    assert sessions.running() == []


async def test_output_is_passed_on_as_it_arrives_in_valid_pieces(lab: ProcessLab, sessions: ExecSessions) -> None:
    send, receive = trio.open_memory_channel[str](100)
    script = r"stty -echo; printf 'a\342\202'; read line; printf '\254b'; printf '%20000s' x; printf '\342'"
    session = await sessions.open(lab.shell(script, tty=True), on_output=send.send)
    with trio.fail_after(PATIENCE):
        assert await receive.receive() == "a"
        await sessions.write(session.id, "\n")
        await session.wait()
    send.close()
    pieces = [piece async for piece in receive]
    assert all(len(piece.encode()) <= 8192 for piece in pieces)
    assert "".join(pieces) == "€b" + " " * 19999 + "x\ufffd"
    assert session.transcript.text() == "a" + "".join(pieces)


async def test_a_reader_that_waits_makes_the_command_wait(lab: ProcessLab, sessions: ExecSessions) -> None:
    gate = trio.Event()

    async def on_output(_text: str) -> None:
        await gate.wait()

    session = await sessions.open(lab.shell("head -c 1000000 /dev/zero | tr '\\0' x"), on_output=on_output)
    early = await sessions.collect(session, yield_ms=300)
    assert early.exit_code is None
    assert len(early.output) <= 8192
    gate.set()
    done = await sessions.collect(session, yield_ms=LONG)
    assert len(early.output) + len(done.output) == 1_000_000


async def test_unread_output_beyond_the_limit_loses_its_middle(lab: ProcessLab, sessions: ExecSessions) -> None:
    session = await sessions.open(lab.shell("echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo last"))
    output = (await sessions.collect(session, yield_ms=LONG)).output
    assert output.startswith("first\n")
    assert output.endswith("last\n")
    assert "bytes omitted" in output
    assert len(output) < 1_100_000


async def test_a_background_child_does_not_keep_its_command_running(lab: ProcessLab, sessions: ExecSessions) -> None:
    later = "until test -e go; do sleep 0.02; done; echo later; echo $$ >said; exec sleep 300"
    session = await sessions.open(lab.shell(f"({later}) & echo $! >child; echo started"))
    collected = await sessions.collect(session, yield_ms=LONG)
    assert (collected.output, collected.exit_code) == ("started\n", 0)
    pid = await lab.read_pid("child")
    (lab.folder / "go").touch()
    await lab.read_pid("said")
    assert is_alive(pid), "its late output must not kill it"
    await sessions.kill_all(because="test")
    await wait_gone(pid)


async def test_a_killed_session_ends_with_137_even_when_nobody_takes_its_output(
    lab: ProcessLab, sessions: ExecSessions
) -> None:
    taken = trio.Event()

    async def stuck(_text: str) -> None:
        taken.set()
        await trio.sleep_forever()

    session = await sessions.open(lab.shell("yes"), on_output=stuck)
    with trio.fail_after(PATIENCE):
        await taken.wait()
        await sessions.kill(session, because="nobody takes it")
    collected = await sessions.collect(session, yield_ms=LONG)
    assert collected.exit_code == 137
    assert collected.output.endswith("\n[killed: nobody takes it]\n")


async def test_a_store_that_is_closed_starts_nothing(lab: ProcessLab, sessions: ExecSessions) -> None:
    await sessions.aclose()
    with pytest.raises(SpawnError):
        await sessions.open(lab.shell("touch started"))
    assert not (lab.folder / "started").exists()


async def test_the_oldest_session_makes_room_when_there_are_too_many(lab: ProcessLab, sessions: ExecSessions) -> None:
    opened = [await sessions.open(lab.shell("exec sleep 300")) for _ in range(MAX_SESSIONS)]
    assert len(sessions.running()) == MAX_SESSIONS
    assert len({session.id for session in opened}) == MAX_SESSIONS
    await sessions.collect(opened[0], yield_ms=1)  # now the most recently used
    ended = opened[40]
    await sessions.kill(ended, because="test")
    await sessions.open(lab.shell("exec sleep 300"))
    with pytest.raises(UnknownSession):
        sessions.get(ended.id)
    await sessions.open(lab.shell("exec sleep 300"))
    with pytest.raises(UnknownSession):
        sessions.get(opened[1].id)
    assert sessions.get(opened[0].id) is opened[0]
    assert len(sessions.running()) == MAX_SESSIONS
    with trio.fail_after(PATIENCE):
        await sessions.kill_all(because="test")
    assert sessions.running() == []
    assert not any(is_alive(session.process.pid) for session in opened)


async def test_many_commands_at_once_keep_their_outputs_apart(lab: ProcessLab, sessions: ExecSessions) -> None:
    results: dict[int, str] = {}

    async def run(number: int) -> None:
        script = f"for i in 1 2 3; do echo {number}; sleep 0.0{random.Random(number).randint(0, 9)}; done"
        session = await sessions.open(lab.shell(script))
        results[number] = (await sessions.collect(session, yield_ms=LONG)).output

    async with trio.open_nursery() as nursery:
        for number in range(20):
            nursery.start_soon(run, number)
    assert results == {number: f"{number}\n" * 3 for number in range(20)}


@pytest.mark.parametrize(("requested", "expected"), [(None, 10_000), (1, 250), (5_000, 5_000), (99_999, 30_000)])
def test_a_start_waits_within_its_bounds(requested: int | None, expected: int) -> None:
    assert exec_yield_ms(requested) == expected


@pytest.mark.parametrize(
    ("requested", "chars", "expected"),
    [
        (None, "x", 250),
        (1, "x", 250),
        (99_999, "x", 30_000),
        (None, "", 5_000),
        (60_000, "", 60_000),
        (999_999, "", 300_000),
    ],
)
def test_a_write_waits_shortly_and_a_poll_may_wait_long(requested: int | None, chars: str, expected: int) -> None:
    assert write_yield_ms(requested, chars=chars) == expected


async def test_the_output_says_why_the_server_ended_a_command_by_itself(
    lab: ProcessLab, sessions: ExecSessions
) -> None:
    session = await sessions.open(lab.shell("echo ready; sleep 300"))
    assert "ready" in await collect_until(sessions, session, "ready")
    assert isinstance(session.process, ManagedProcess)
    session.process.ended_because = "it was too much"
    await session.process.kill()
    ended = await sessions.collect(session, yield_ms=LONG)
    assert (ended.output, ended.exit_code) == ("[killed: it was too much]\n", 137)

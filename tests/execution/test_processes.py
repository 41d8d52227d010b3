"""One process: what it is given, what comes out of it, and how its end is told."""

import os
import re
import signal
import sys
from pathlib import Path

import pytest
import trio
from process_lab import PATIENCE, ProcessLab

from codex_trio.conformance.processes import wait_gone
from codex_trio.execution.completion import read_to_completion
from codex_trio.execution.errors import NotATerminal, SpawnError, StdinClosed
from codex_trio.execution.launch import TerminalSize
from codex_trio.execution.processes import ManagedProcess


async def read_until(process: ManagedProcess, text: bytes) -> bytes:
    seen = b""
    with trio.fail_after(PATIENCE):
        while text not in seen:
            chunk = await process.stdout.receive()
            assert chunk, f"ended after {seen!r}"
            seen += chunk
    return seen


async def test_stdout_and_stderr_arrive_merged_in_the_order_they_were_written(lab: ProcessLab) -> None:
    outcome = await lab.run(lab.shell("echo one; echo two >&2; echo three; exit 3"))
    assert (outcome.exit_code, outcome.stdout) == (3, b"one\ntwo\nthree\n")
    assert not outcome.drain_timed_out


async def test_stdout_and_stderr_can_be_kept_apart(lab: ProcessLab) -> None:
    outcome = await lab.run(lab.shell("echo out; echo err >&2", merge_output=False))
    assert (outcome.stdout, outcome.stderr) == (b"out\n", b"err\n")


@pytest.mark.parametrize("name", ["TERM", "KILL", "INT", "PIPE"])
async def test_a_death_by_signal_is_told_as_128_plus_its_number(lab: ProcessLab, name: str) -> None:
    outcome = await lab.run(lab.shell(f"kill -{name} $$"))
    assert outcome.exit_code == 128 + signal.Signals[f"SIG{name}"]


async def test_a_command_that_reads_its_input_ends_at_once_when_nobody_can_write_to_it(lab: ProcessLab) -> None:
    outcome = await lab.run(lab.request("cat"))
    assert (outcome.exit_code, outcome.stdout) == (0, b"")


async def test_input_can_be_written_and_closed(lab: ProcessLab) -> None:
    async with lab.spawner.start(lab.request("cat", open_stdin=True)) as process:
        await process.write(b"hello\n")
        assert await read_until(process, b"\n") == b"hello\n"
        await process.close_stdin()
        await process.close_stdin()
        with trio.fail_after(PATIENCE):
            assert await process.wait() == 0
        with pytest.raises(StdinClosed):
            await process.write(b"more")


async def test_input_larger_than_the_pipe_waits_for_the_reader(lab: ProcessLab) -> None:
    size = 1_000_000
    async with lab.spawner.start(lab.shell("wc -c", open_stdin=True)) as process:
        with trio.fail_after(PATIENCE):
            await process.write(b"x" * size)
            await process.close_stdin()
            assert int(await read_until(process, b"\n")) == size


async def test_writing_to_a_process_that_has_ended_says_that_its_input_is_closed(lab: ProcessLab) -> None:
    async with lab.spawner.start(lab.request("true", open_stdin=True)) as process:
        await process.wait()
        with pytest.raises(StdinClosed):
            await process.write(b"x")


async def test_any_number_of_tasks_learn_the_exit_code(lab: ProcessLab) -> None:
    codes: list[int] = []

    async def wait(process: ManagedProcess) -> None:
        codes.append(await process.wait())

    async with lab.spawner.start(lab.shell("read line; exit 5", open_stdin=True)) as process:
        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(wait, process)
                await trio.testing.wait_all_tasks_blocked()
                await process.close_stdin()
    assert codes == [5, 5, 5]


NOT_FOUND, NO_FOLDER = "No such file or directory (os error 2)", "make that folder, or give another one"
CIRCLE = "Too many levels of symbolic links (os error 40)"
LOOP = "links there lead in a circle: mend or remove one of them"


@pytest.mark.parametrize(
    ("program", "cwd", "message", "culprit"),
    [
        ("no-such-program", "", f"{NOT_FOUND}: the program `%s`; it is in none of the folders of PATH", ""),
        ("/no/such/program", "", f"{NOT_FOUND}: the program `%s`; nothing is there, or the folder is missing ", ""),
        ("true", "/no/such/folder", f"{NOT_FOUND}: the working directory (cwd) `%s`; {NO_FOLDER}", "cwd"),
        ("/bin/true", "/no/such/folder", f"{NOT_FOUND}: the working directory (cwd) `%s`; {NO_FOLDER}", "cwd"),
        ("true", "a-file", f"Not a directory (os error 20): the working directory (cwd) `%s`; {NO_FOLDER}", "cwd"),
        ("true", "a-file/sub", f"Not a directory (os error 20): the working directory (cwd) `%s`; {NO_FOLDER}", "cwd"),
        ("true", "circle", f"{CIRCLE}: the working directory (cwd) `%s`; {LOOP}", "cwd"),
        ("true", "x" * 256, "File name too long (os error 36): the working directory (cwd) `%s`; a name has", "cwd"),
        ("./a-file", "", "Permission denied (os error 13): the program `%s`; it is a folder, or may not be", ""),
        ("/", "", "Permission denied (os error 13): the program `%s`; it is a folder, or may not be executed", ""),
        ("tr\0ue", "", f"{NOT_FOUND}: the program `%s`; it is in none", ""),
    ],
)
async def test_a_command_that_cannot_start_says_what_it_is_about_and_the_way_out(
    lab: ProcessLab, program: str, cwd: str, message: str, culprit: str
) -> None:
    (lab.folder / "a-file").touch(mode=0o644)
    (lab.folder / "circle").symlink_to("circle")
    folder = str(lab.folder / cwd)
    about = folder if culprit else program
    with pytest.raises(SpawnError, match=f"^{re.escape(message % about)}") as caught:
        lab.spawner.start(lab.request(program, cwd=folder))
    assert caught.value.path == about


async def test_a_command_with_more_arguments_than_fit_says_so(lab: ProcessLab) -> None:
    with pytest.raises(SpawnError, match=r"\(os error 7\): the arguments and the variables of the command; pass less"):
        lab.spawner.start(lab.request("true", "x" * 200_000))


async def test_an_argument_that_no_program_can_be_given_is_refused(lab: ProcessLab) -> None:
    with pytest.raises(SpawnError, match=r"Invalid argument \(os error 22\)"):
        lab.spawner.start(lab.request("true", "a\0b"))


async def test_programs_are_found_on_the_path_of_the_commands_own_environment(lab: ProcessLab) -> None:
    tool = lab.folder / "bin" / "frobnicate"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho $0 $1\n")
    tool.chmod(0o755)
    outcome = await lab.run(lab.request("frobnicate", "it", env={**lab.env, "PATH": f"/nowhere:{tool.parent}"}))
    assert outcome.stdout.decode() == f"{tool} it\n"


async def test_a_relative_program_is_looked_up_in_the_working_directory(lab: ProcessLab) -> None:
    script = lab.folder / "here.sh"
    script.write_text("#!/bin/sh\npwd\n")
    script.chmod(0o755)
    outcome = await lab.run(lab.request("./here.sh"))
    assert outcome.stdout.decode().strip() == str(lab.folder)


async def test_a_command_gets_exactly_the_environment_it_was_given_and_its_mark(lab: ProcessLab) -> None:
    outcome = await lab.run(lab.request("/usr/bin/env", env={"ONE": "1", "NAME": "Grüße"}))
    lines = set(outcome.stdout.decode().splitlines())
    assert {"ONE=1", "NAME=Grüße"} <= lines
    assert [
        line for line in lines if line not in {"ONE=1", "NAME=Grüße"} and not line.startswith("EXEC_TREE_ID=")
    ] == []


async def test_no_descriptor_of_the_server_reaches_a_command(lab: ProcessLab) -> None:
    leak = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(leak, True)  # noqa: FBT003 - the standard library's signature
    try:
        outcome = await lab.run(
            lab.request(sys.executable, "-I", "-S", "-c", "import os; print(os.listdir('/proc/self/fd'))")
        )
    finally:
        os.close(leak)
    assert outcome.stdout == b"['0', '1', '2', '3']\n"  # 3 is the listing's own


async def test_a_command_can_read_data_from_inherited_descriptors(lab: ProcessLab) -> None:
    outcome = await lab.run(lab.shell("cat <&3; cat <&4", inherited={3: b"three", 4: b"x" * 100_000}))
    assert outcome.stdout == b"three" + b"x" * 100_000


async def test_a_command_starts_with_default_signal_handling_in_its_own_session(lab: ProcessLab) -> None:
    outcome = await lab.run(
        lab.shell("grep -E '^Sig(Ign|Blk)' /proc/self/status; cut -d' ' -f6 /proc/$$/stat; echo $$")
    )
    ignored, blocked, session, pid = outcome.stdout.decode().split("\n")[:4]
    assert blocked.split()[1].strip("0") == ""
    assert ignored.split()[1].strip("0") == ""
    assert session.strip() == pid


async def test_output_held_open_by_a_background_child_ends_after_a_bounded_time(lab: ProcessLab) -> None:
    started = trio.current_time()
    outcome = await lab.run(lab.shell("sleep 300 & echo $! >child; echo hi"), drain_seconds=0.3)
    assert (outcome.exit_code, outcome.stdout, outcome.drain_timed_out) == (0, b"hi\n", True)
    assert trio.current_time() - started < 5
    await lab.spawner.aclose()
    await wait_gone(await lab.read_pid("child"))


async def test_output_that_trickles_in_after_the_end_is_waited_for_but_not_for_ever(lab: ProcessLab) -> None:
    late = await lab.run(lab.shell("(sleep 0.1; echo late) & echo early"), drain_seconds=PATIENCE)
    assert late.stdout == b"early\nlate\n"
    with trio.fail_after(PATIENCE):
        endless = await lab.run(lab.shell("(while true; do echo y; done) & true"), drain_seconds=0.2)
    assert endless.drain_timed_out


async def test_a_slow_reader_loses_no_output(lab: ProcessLab) -> None:
    sizes: list[int] = []

    async def slow(_channel: str, data: bytes) -> None:
        await trio.sleep(0.05)
        sizes.append(len(data))

    async with lab.spawner.start(lab.shell("head -c 200000 /dev/zero")) as process:
        done = await read_to_completion(process, slow, drain_seconds=0.01)
    assert (sum(sizes), done.drain_timed_out) == (200_000, False)


async def test_a_terminal_is_the_controlling_one_and_has_the_size_that_was_asked_for(lab: ProcessLab) -> None:
    request = lab.shell(
        "tty; stty size; echo hi >/dev/tty; test -t 2 && echo all", tty=True, size=TerminalSize(rows=33, cols=91)
    )
    name, *rest = (await lab.run(request)).stdout.decode().split("\r\n")
    assert name.startswith("/dev/pts/")
    assert rest == ["33 91", "hi", "all", ""]


async def test_a_resized_terminal_tells_its_process(lab: ProcessLab) -> None:
    request = lab.shell("trap 'stty size' WINCH; echo ready; read line; read line", tty=True)
    async with lab.spawner.start(request) as process:
        await read_until(process, b"ready\r\n")
        process.resize(TerminalSize(rows=20, cols=50))
        await read_until(process, b"20 50\r\n")


async def test_only_a_terminal_can_be_resized(lab: ProcessLab) -> None:
    async with lab.spawner.start(lab.request("true")) as process:
        with pytest.raises(NotATerminal):
            process.resize(TerminalSize())


async def test_closing_the_input_of_a_terminal_ends_what_reads_it(lab: ProcessLab) -> None:
    async with lab.spawner.start(lab.shell("cat; echo done", tty=True)) as process:
        await process.write(b"hey\n")
        await read_until(process, b"hey\r\nhey\r\n")
        await process.close_stdin()
        await read_until(process, b"done\r\n")
        with trio.fail_after(PATIENCE):
            assert await process.wait() == 0
            assert await process.stdout.receive() == b""


async def test_an_interrupt_typed_at_a_terminal_reaches_the_command(lab: ProcessLab) -> None:
    async with lab.spawner.start(lab.shell("echo ready; exec sleep 300", tty=True)) as process:
        await read_until(process, b"ready\r\n")
        await process.write(b"\x03")
        with trio.fail_after(PATIENCE):
            assert await process.wait() == 128 + signal.SIGINT


async def test_nothing_stays_open_after_a_process(lab: ProcessLab) -> None:
    async def use() -> None:
        for tty in (False, True):
            await lab.run(lab.shell("true", tty=tty, inherited={3: b"x"}))
            await lab.run(lab.shell("true", tty=tty, open_stdin=True, merge_output=False))
            with pytest.raises(SpawnError):
                lab.spawner.start(lab.request("no-such-program", tty=tty, open_stdin=True))

    await use()
    before = sorted(os.listdir("/proc/self/fd"))
    await use()
    assert sorted(os.listdir("/proc/self/fd")) == before


async def test_a_relative_path_in_the_current_folder_survives_odd_names(lab: ProcessLab) -> None:
    odd = lab.folder / os.fsdecode(b"odd \xff name")
    odd.mkdir()
    outcome = await lab.run(lab.shell("pwd", cwd=str(odd)))
    assert outcome.stdout.rstrip(b"\n") == os.fsencode(Path(odd))

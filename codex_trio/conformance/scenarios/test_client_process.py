"""Processes that a client starts and hears of: the answer, the output, the end, in this order."""

import base64
from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.processes import wait_gone
from codex_trio.conformance.shapes import without_place

PATIENCE = 30.0
MIB = 1024 * 1024


async def spawn(lab: Lab, probe: Probe, handle: str, script: str, **params: Any) -> None:
    command: dict[str, Any] = {"command": ["/bin/sh", "-c", script], "processHandle": handle, "cwd": str(lab.cwd)}
    command |= {"timeoutMs": None, **params}
    assert await probe.request("process/spawn", command) == {}


async def exited(probe: Probe, handle: str) -> dict[str, Any]:
    """Return how a process ended, without its handle."""
    told = (await probe.until("process/exited", where=lambda params: params["processHandle"] == handle))["params"]
    return {name: value for name, value in told.items() if name != "processHandle"}


def ended(exit_code: int, **more: Any) -> dict[str, Any]:
    return {
        "exitCode": exit_code,
        "outputDrainTimedOut": False,
        "stdout": "",
        "stdoutCapReached": False,
        "stderr": "",
        "stderrCapReached": False,
        **more,
    }


async def refused(probe: Probe, method: str, **params: Any) -> tuple[int, str]:
    error = await probe.refusal(f"process/{method}", params)
    return error.code, without_place(error.message)


async def write(probe: Probe, handle: str, data: bytes, **more: Any) -> None:
    params = {"processHandle": handle, "deltaBase64": base64.b64encode(data).decode(), **more}
    assert await probe.request("process/writeStdin", params) == {}


def output(probe: Probe, handle: str, stream: str = "stdout") -> bytes:
    told = [m["params"] for m in probe.log.from_server if m.get("method") == "process/outputDelta"]
    pieces = [p["deltaBase64"] for p in told if (p["processHandle"], p["stream"]) == (handle, stream)]
    return b"".join(base64.b64decode(piece) for piece in pieces)


async def until_output(probe: Probe, handle: str, wanted: bytes) -> None:
    while wanted not in output(probe, handle):
        await probe.until("process/outputDelta")


async def test_the_end_of_a_process_is_told_with_long_output_whole(lab: Lab) -> None:
    text = '\0"\N{LATIN SMALL LETTER E WITH ACUTE}\n' * 150_001
    (lab.cwd / "long").write_text(text)
    async with lab.run() as probe:
        await spawn(lab, probe, "a", "cat long; cat long >&2")
        assert await exited(probe, "a") == ended(0, stdout=text, stderr=text)


async def test_the_end_of_a_process_is_told_with_what_it_wrote(lab: Lab) -> None:
    async with lab.run() as probe:
        await spawn(lab, probe, "a", "echo out; echo err >&2; exit 3")
        assert await exited(probe, "a") == ended(3, stdout="out\n", stderr="err\n")
        await spawn(lab, probe, "a", "kill -9 $$")
        assert await exited(probe, "a") == ended(137)
        await spawn(lab, probe, "a", "cat; pwd")
        assert await exited(probe, "a") == ended(0, stdout=f"{lab.cwd}\n")
        await spawn(lab, probe, "a", 'echo "$WORD ${HOME-unset} $CODEX_HOME"', env={"WORD": "w", "HOME": None})
        assert await exited(probe, "a") == ended(0, stdout=f"w unset {lab.codex_home}\n")


async def test_the_configured_variables_are_what_a_process_sees(lab: Lab) -> None:
    lab.configure(tables='[shell_environment_policy]\nexclude = ["PRIVATE*"]\nset = { GIVEN = "1" }')
    async with lab.run(env={"PRIVATE_WORD": "x", "PLAIN_WORD": "y"}) as probe:
        await spawn(lab, probe, "a", 'echo "${PRIVATE_WORD-unset} $PLAIN_WORD $GIVEN"')
        assert await exited(probe, "a") == ended(0, stdout="unset y 1\n")


async def test_the_answer_comes_first_then_the_output_and_the_end_last(lab: Lab) -> None:
    async with lab.run() as probe:
        probe.log.skip()
        await spawn(lab, probe, "a", "echo out; echo err >&2", streamStdoutStderr=True)
        assert await exited(probe, "a") == ended(0)
        methods = probe.log.methods()
        methods = methods[len(methods) - 4 :]
        assert methods == ["reply", "process/outputDelta", "process/outputDelta", "process/exited"]
        assert (output(probe, "a"), output(probe, "a", "stderr")) == (b"out\n", b"err\n")


async def test_limits_are_the_usual_ones_those_asked_for_or_none(lab: Lab) -> None:
    script = "head -c 3000000 /dev/zero | tr '\\0' x"
    async with lab.run() as probe:
        await spawn(lab, probe, "a", script)
        assert await exited(probe, "a") == ended(0, stdout="x" * MIB, stdoutCapReached=True)
        await spawn(lab, probe, "a", script, outputBytesCap=None)
        assert await exited(probe, "a") == ended(0, stdout="x" * 3_000_000)
        await spawn(lab, probe, "a", "printf 0123; printf ab >&2", outputBytesCap=4)
        assert await exited(probe, "a") == ended(0, stdout="0123", stdoutCapReached=True, stderr="ab")
        await spawn(lab, probe, "b", "printf 01234; printf ab >&2", outputBytesCap=4, streamStdoutStderr=True)
        assert await exited(probe, "b") == ended(0, stdoutCapReached=True)
        assert output(probe, "b") == b"0123"
        await spawn(lab, probe, "a", "sleep 600", timeoutMs=200)
        assert await exited(probe, "a") == ended(124)


async def test_what_still_holds_the_output_after_the_end_is_told_and_ends_too(lab: Lab) -> None:
    async with lab.run() as probe:
        await spawn(lab, probe, "a", "sleep 600 & echo $!; exit 4")
        told = await exited(probe, "a")
        assert (told["exitCode"], told["outputDrainTimedOut"]) == (4, True)
        await wait_gone(int(told["stdout"]))


async def test_what_cannot_be_started_is_refused(lab: Lab) -> None:
    not_there = (-32603, "failed to spawn process: No such file or directory (os error 2)")
    size = {"rows": 0, "cols": 5}
    async with lab.run() as probe:
        await spawn(lab, probe, "d", "sleep 600")
        for params, answer in (
            (dict[str, Any](command=[]), (-32600, "command must not be empty")),
            ({"processHandle": ""}, (-32600, "processHandle must not be empty")),
            ({"processHandle": "d"}, (-32600, 'duplicate active process handle: "d"')),
            ({"command": ["no-such-program"]}, not_there),
            ({"cwd": "/no/such/folder"}, not_there),
            ({"cwd": "sub"}, (-32600, "Invalid request: AbsolutePathBuf deserialized without a base path")),
            ({"timeoutMs": -4}, (-32602, "process/spawn timeoutMs must be non-negative, got -4")),
            ({"size": size}, (-32602, "process/spawn size requires tty: true")),
            ({"size": size, "tty": True}, (-32602, "process size rows and cols must be greater than 0")),
        ):
            given = {"command": ["true"], "processHandle": "n", "cwd": str(lab.cwd), **params}
            assert await refused(probe, "spawn", **given) == answer
        await spawn(lab, probe, "n", "exit 8")
        assert await exited(probe, "n") == ended(8)


async def test_what_cannot_be_done_to_a_process_is_refused(lab: Lab) -> None:
    size = {"rows": 5, "cols": 5}
    none = (-32600, 'no active process for process handle "zz"')
    async with lab.run() as probe:
        await spawn(lab, probe, "p", "sleep 600")
        for method, params, answer in (
            ("kill", {}, none),
            ("writeStdin", {"deltaBase64": "eA=="}, none),
            ("resizePty", {"size": size}, none),
            ("writeStdin", {}, (-32602, "process/writeStdin requires deltaBase64 or closeStdin")),
            (
                "writeStdin",
                {"processHandle": "p", "deltaBase64": "eA=="},
                (-32600, "stdin streaming is not enabled for this process"),
            ),
            (
                "resizePty",
                {"processHandle": "p", "size": size},
                (-32600, "failed to resize PTY: process is not attached to a PTY"),
            ),
        ):
            assert await refused(probe, method, **{"processHandle": "zz", **params}) == answer
        assert await probe.request("process/kill", {"processHandle": "p"}) == {}
        assert await exited(probe, "p") == ended(137)
        gone_again = (-32600, 'no active process for process handle "p"')
        assert await refused(probe, "kill", processHandle="p") == gone_again


async def test_input_and_terminal_are_the_clients(lab: Lab) -> None:
    async with lab.run() as probe:
        await spawn(lab, probe, "k", "cat", streamStdin=True, streamStdoutStderr=True)
        await write(probe, "k", b"yo\n")
        await until_output(probe, "k", b"yo\n")
        await write(probe, "k", b"", closeStdin=True)
        assert await exited(probe, "k") == ended(0)
        script = "stty size; read word; stty size; echo got $word; sleep 600"
        await spawn(lab, probe, "t", script, tty=True, size={"rows": 14, "cols": 44})
        await until_output(probe, "t", b"14 44\r\n")
        resized = {"processHandle": "t", "size": {"rows": 15, "cols": 55}}
        assert await probe.request("process/resizePty", resized) == {}
        await write(probe, "t", b"it\n")
        await until_output(probe, "t", b"15 55\r\ngot it\r\n")
        assert await probe.request("process/kill", {"processHandle": "t"}) == {}
        assert await exited(probe, "t") == ended(1)


async def test_a_process_is_in_no_sandbox_whatever_is_configured(lab: Lab) -> None:
    lab.configure(sandbox_mode="read-only")
    async with lab.run() as probe:
        await spawn(lab, probe, "a", "echo text > made")
        assert await exited(probe, "a") == ended(0)
    assert (lab.cwd / "made").read_text() == "text\n"


async def test_no_process_of_a_client_runs_on_when_it_is_gone(lab: Lab) -> None:
    async with lab.run() as probe:
        await spawn(lab, probe, "p", "sleep 600 & echo $!; echo $$; wait", streamStdoutStderr=True)
        while output(probe, "p").count(b"\n") < 2:
            await probe.until("process/outputDelta")
        pids = [int(word) for word in output(probe, "p").split()]
    for pid in pids:
        await wait_gone(pid)

"""Commands that a client runs outside of any thread: what comes back, and how they are steered and ended."""

import base64
from pathlib import Path
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe
from codex_trio.conformance.processes import wait_gone
from codex_trio.conformance.shapes import without_place

PATIENCE = 30.0
MIB = 1024 * 1024
RUN = "command/exec"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def run(probe: Probe, script: str, **params: Any) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a script."""
    done = await probe.request(RUN, {"command": ["/bin/sh", "-c", script], **params})
    return done["exitCode"], done["stdout"], done["stderr"]


async def refused(probe: Probe, method: str, **params: Any) -> tuple[int, str]:
    error = await probe.refusal(method, params)
    return error.code, without_place(error.message)


async def begin(probe: Probe, request_id: str, script: str, **params: Any) -> None:
    """Send the request for a script, and let it run."""
    params = {"command": ["/bin/sh", "-c", script], "processId": request_id, **params}
    if "timeoutMs" not in params:
        params["disableTimeout"] = True
    await probe.send({"id": request_id, "method": RUN, "params": params})


async def end(probe: Probe, request_id: str) -> dict[str, Any]:
    """Return the result of a request that was sent before."""

    def answers(message: Message) -> bool:
        return message.get("id") == request_id and "method" not in message

    return (await probe.next(answers, f"the answer to {request_id}"))["result"]


def deltas(probe: Probe, process_id: str, stream: str = "stdout") -> list[dict[str, Any]]:
    """Return what was told of a stream so far."""
    told = [m["params"] for m in probe.log.from_server if m.get("method") == "command/exec/outputDelta"]
    return [params for params in told if (params["processId"], params["stream"]) == (process_id, stream)]


def text_of(told: list[dict[str, Any]]) -> bytes:
    return b"".join(base64.b64decode(params["deltaBase64"]) for params in told)


async def until_output(probe: Probe, process_id: str, wanted: bytes) -> None:
    while wanted not in text_of(deltas(probe, process_id)):
        await probe.until("command/exec/outputDelta")


async def write(probe: Probe, process_id: str, data: bytes | None = None, **more: Any) -> None:
    delta = {} if data is None else {"deltaBase64": encoded(data)}
    assert await probe.request("command/exec/write", {"processId": process_id, **delta, **more}) == {}


async def test_a_command_is_answered_with_its_exit_code_and_its_output(lab: Lab) -> None:
    (lab.cwd / "sub").mkdir()
    async with lab.run() as probe:
        assert await run(probe, "echo out; echo err >&2; exit 3") == (3, "out\n", "err\n")
        assert await run(probe, "kill -9 $$") == (137, "", "")
        assert await run(probe, "kill -TERM $$") == (143, "", "")
        assert await run(probe, "cat; echo over") == (0, "over\n", "")
        for cwd, place in ((None, lab.cwd), ("sub", lab.cwd / "sub"), ("/usr", Path("/usr"))):
            assert await run(probe, "pwd", cwd=cwd) == (0, f"{place}\n", "")
        variables = {"WORD": "two words", "HOME": None}
        assert await run(probe, 'echo "$WORD ${HOME-unset}"', env=variables) == (0, "two words unset\n", "")
        variables = {"CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS": None}
        assert await run(probe, "echo $CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS", env=variables) == (0, "1\n", "")


async def test_a_command_sees_no_locale_that_nobody_has_set(lab: Lab) -> None:
    async with lab.run(env={"LANG": "C", "LC_COLLATE": "C"}) as probe:
        assert await run(probe, 'echo "${LANG-unset} ${LC_COLLATE-unset} ${LC_CTYPE-unset}"') == (0, "C C unset\n", "")


async def test_the_configured_variables_are_what_a_command_sees(lab: Lab) -> None:
    lab.configure(tables='[shell_environment_policy]\nexclude = ["PRIVATE*"]\nset = { GIVEN = "1" }')
    async with lab.run(env={"PRIVATE_WORD": "x", "PLAIN_WORD": "y"}) as probe:
        script = 'echo "${PRIVATE_WORD-unset} $PLAIN_WORD $GIVEN"'
        assert await run(probe, script) == (0, "unset y 1\n", "")
        assert await run(probe, script, env={"PRIVATE_WORD": "z"}) == (0, "z y 1\n", "")


async def test_a_command_that_takes_too_long_is_killed_with_what_it_started(lab: Lab) -> None:
    async with lab.run() as probe:
        assert (await run(probe, "sleep 600", timeoutMs=200))[0] == 124
        assert (await run(probe, "sleep 600", timeoutMs=0))[0] == 124
        await begin(probe, "t", "sleep 600 & echo $!; wait", streamStdoutStderr=True, timeoutMs=1000)
        assert (await end(probe, "t"))["exitCode"] == 124
        assert await run(probe, "exit 4", disableTimeout=True) == (4, "", "")
        for told in text_of(deltas(probe, "t")).split():
            await wait_gone(int(told))


async def test_long_output_is_answered_whole(lab: Lab) -> None:
    text = '\0"\N{LATIN SMALL LETTER E WITH ACUTE}\n' * 150_001
    (lab.cwd / "long").write_text(text)
    async with lab.run() as probe:
        assert await run(probe, f"cd {lab.cwd}; cat long; cat long >&2") == (0, text, text)


async def test_output_is_kept_up_to_the_cap_of_each_stream(lab: Lab) -> None:
    script = "printf 0123456789; printf abcdefghij >&2"
    async with lab.run() as probe:
        assert await run(probe, script, outputBytesCap=4) == (0, "0123", "abcd")
        assert await run(probe, script, outputBytesCap=0) == (0, "", "")
        much = "head -c 3000000 /dev/zero | tr '\\0' x"
        assert await run(probe, much) == (0, "x" * MIB, "")
        assert await run(probe, much, disableOutputCap=True) == (0, "x" * 3_000_000, "")
        assert await run(probe, "printf '\\377\\376a'") == (0, "\ufffd\ufffda", "")


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("caf\u00e9 na\u00efve \u00fcber\n", "cp1252"),
        ("it\u2019s \u201cquoted\u201d \u2013 twice\n", "cp1252"),
        ("\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440\n", "cp1251"),
        ("\u65e5\u672c\u8a9e\u30c6\u30ad\u30b9\u30c8\n", "shift_jis"),
        ("\u4f60\u597d\u4e16\u754c\n" * 20_000, "gb18030"),
        ("with a mark\n", "utf-16"),
    ],
)
async def test_text_in_another_encoding_is_told_as_what_it_most_likely_is(lab: Lab, text: str, charset: str) -> None:
    (lab.cwd / "text").write_bytes(text.encode(charset))
    async with lab.run() as probe:
        assert await run(probe, f"cat {lab.cwd}/text; cat {lab.cwd}/text >&2") == (0, text, text)


async def test_text_whose_last_character_was_cut_off_stays_what_it_was(lab: Lab) -> None:
    async with lab.run() as probe:
        assert await run(probe, "printf 'caf\\303\\251 \\303\\251'", outputBytesCap=7) == (0, "caf\u00e9 \ufffd", "")


async def test_what_cannot_be_run_is_refused(lab: Lab) -> None:
    not_there = "failed to spawn command: No such file or directory (os error 2)"
    wants_id = "command/exec tty or streaming requires a client-supplied processId"
    not_both = "`permissionProfile` cannot be combined with `sandboxPolicy`"
    no_table = "invalid permission profile: default_permissions requires a `[permissions]` table"
    unknown = "invalid permission profile: default_permissions refers to unknown built-in profile `:x`"
    size = {"rows": 0, "cols": 5}
    async with lab.run() as probe:
        for params, code, message in (
            (dict[str, Any](command=[]), -32600, "command must not be empty"),
            ({"command": ["no-such-program"]}, -32603, not_there),
            ({"cwd": "/no/such/folder"}, -32603, not_there),
            ({"timeoutMs": -1}, -32602, "command/exec timeoutMs must be non-negative, got -1"),
            (
                {"timeoutMs": 1, "disableTimeout": True},
                -32602,
                "command/exec cannot set both timeoutMs and disableTimeout",
            ),
            (
                {"outputBytesCap": 1, "disableOutputCap": True},
                -32602,
                "command/exec cannot set both outputBytesCap and disableOutputCap",
            ),
            ({"size": size}, -32602, "command/exec size requires tty: true"),
            ({"size": size, "tty": True}, -32602, "command/exec size rows and cols must be greater than 0"),
            ({"tty": True}, -32600, wants_id),
            ({"streamStdin": True}, -32600, wants_id),
            ({"streamStdoutStderr": True}, -32600, wants_id),
            ({"sandboxPolicy": {"type": "readOnly"}, "permissionProfile": ":read-only"}, -32600, not_both),
            ({"permissionProfile": "mine"}, -32600, no_table),
            ({"permissionProfile": ":x"}, -32600, unknown),
        ):
            assert await refused(probe, RUN, **{"command": ["true"], **params}) == (code, message)
        assert await run(probe, "echo fine") == (0, "fine\n", "")


async def test_output_is_told_as_it_comes_and_all_of_it_before_the_answer(lab: Lab) -> None:
    async with lab.run() as probe:
        script = "printf one; printf two >&2; read word; head -c 300000 /dev/zero | tr '\\0' x; exit 5"
        await begin(probe, "s", script, streamStdoutStderr=True, streamStdin=True)
        await until_output(probe, "s", b"one")
        await write(probe, "s", b"go\n")
        assert await end(probe, "s") == {"exitCode": 5, "stdout": "", "stderr": ""}
        place = next(i for i, m in enumerate(probe.log.from_server) if m.get("id") == "s")
        told = [i for i, m in enumerate(probe.log.from_server) if m.get("method") == "command/exec/outputDelta"]
        assert max(told) < place
        assert text_of(deltas(probe, "s")) == b"one" + b"x" * 300_000
        assert text_of(deltas(probe, "s", "stderr")) == b"two"
        assert not any(params["capReached"] for params in deltas(probe, "s"))


@pytest.mark.parametrize(
    ("cap", "told", "times"), [(4, b"0123", 1), (10, b"0123456789", 1), (11, b"0123456789", 0), (0, b"", 1)]
)
async def test_a_stream_says_that_its_cap_is_reached_and_falls_silent(
    lab: Lab, cap: int, told: bytes, times: int
) -> None:
    async with lab.run() as probe:
        await begin(probe, "s", "printf 0123456789; printf ab >&2; exit 6", streamStdoutStderr=True, outputBytesCap=cap)
        assert (await end(probe, "s"))["exitCode"] == 6
        assert text_of(deltas(probe, "s")) == told
        # If at all, with the last piece.
        assert deltas(probe, "s")[-1]["capReached"] is (times == 1)
        assert sum(params["capReached"] for params in deltas(probe, "s")) == times


async def test_input_is_written_and_closed(lab: Lab) -> None:
    async with lab.run() as probe:
        await begin(probe, "c", "cat", streamStdin=True)
        await write(probe, "c", b"hello\n")
        await write(probe, "c", b"bye\n", closeStdin=True)
        assert await end(probe, "c") == {"exitCode": 0, "stdout": "hello\nbye\n", "stderr": ""}
        await begin(probe, "d", "cat; echo read; sleep 600", streamStdin=True, streamStdoutStderr=True)
        await write(probe, "d", closeStdin=True)
        await write(probe, "d", closeStdin=True)
        closed = (-32600, "stdin is already closed")
        assert await refused(probe, "command/exec/write", processId="d", deltaBase64=encoded(b"x")) == closed
        await until_output(probe, "d", b"read")
        await probe.request("command/exec/terminate", {"processId": "d"})
        assert (await end(probe, "d"))["exitCode"] == 137


async def test_what_cannot_be_done_to_a_command_is_refused(lab: Lab) -> None:
    size = {"rows": 5, "cols": 5}
    none = (-32600, 'no active command/exec for process id "zz"')
    nothing = (-32602, "command/exec/write requires deltaBase64 or closeStdin")
    async with lab.run() as probe:
        await begin(probe, "p", "sleep 600")
        await begin(probe, "q", "cat", streamStdin=True)
        for method, params, answer in (
            ("write", {"processId": "zz", "deltaBase64": "eA=="}, none),
            ("resize", {"processId": "zz", "size": size}, none),
            ("terminate", {"processId": "zz"}, none),
            ("write", {"processId": "zz"}, nothing),
            ("write", {"processId": "p"}, nothing),
            (
                "write",
                {"processId": "p", "deltaBase64": "eA=="},
                (-32600, "stdin streaming is not enabled for this command/exec"),
            ),
            (
                "write",
                {"processId": "q", "deltaBase64": "!!!"},
                (-32602, "invalid deltaBase64: Invalid symbol 33, offset 0."),
            ),
            (
                "resize",
                {"processId": "p", "size": size},
                (-32600, "failed to resize PTY: process is not attached to a PTY"),
            ),
            (
                "resize",
                {"processId": "zz", "size": {"rows": 1, "cols": 0}},
                (-32602, "command/exec size rows and cols must be greater than 0"),
            ),
        ):
            assert await refused(probe, f"command/exec/{method}", **params) == answer
        twice = (-32600, 'duplicate active command/exec process id: "p"')
        assert await refused(probe, RUN, command=["true"], processId="p") == twice
        await write(probe, "q", b"still here", closeStdin=True)
        assert (await end(probe, "q"))["stdout"] == "still here"
        await probe.request("command/exec/terminate", {"processId": "p"})
        assert (await end(probe, "p"))["exitCode"] == 137


async def test_a_terminal_has_a_size_and_takes_what_is_typed(lab: Lab) -> None:
    async with lab.run() as probe:
        script = "stty size; read word; stty size; echo got $word; cat; echo over"
        await begin(probe, "t", script, tty=True, size={"rows": 33, "cols": 91})
        await until_output(probe, "t", b"33 91\r\n")
        size = {"rows": 20, "cols": 50}
        assert await probe.request("command/exec/resize", {"processId": "t", "size": size}) == {}
        await write(probe, "t", b"it\n")
        await until_output(probe, "t", b"20 50\r\ngot it\r\n")
        await write(probe, "t", closeStdin=True)
        assert await end(probe, "t") == {"exitCode": 0, "stdout": "", "stderr": ""}
        assert text_of(deltas(probe, "t")).endswith(b"over\r\n")
        # A shell heeds its trap between two commands: what is typed just before one begins would wait for that to end.
        await begin(probe, "u", "trap 'exit 130' INT; stty size; while :; do sleep 0.1; done", tty=True)
        await until_output(probe, "u", b"24 80\r\n")
        await write(probe, "u", b"\x03")
        assert (await end(probe, "u"))["exitCode"] != 0


async def test_a_command_that_is_terminated_is_killed_with_what_it_started(lab: Lab) -> None:
    async with lab.run() as probe:
        await begin(probe, "p", "trap '' TERM; sleep 600 & echo $!; wait; sleep 600", streamStdoutStderr=True)
        await until_output(probe, "p", b"\n")
        assert await probe.request("command/exec/terminate", {"processId": "p"}) == {}
        assert await end(probe, "p") == {"exitCode": 137, "stdout": "", "stderr": ""}
        await wait_gone(int(text_of(deltas(probe, "p"))))
        assert await run(probe, "echo again", processId="p") == (0, "again\n", "")


async def test_what_a_command_left_running_holds_up_its_answer_for_two_seconds_and_ends_then(lab: Lab) -> None:
    async with lab.run() as probe:
        code, output, _ = await run(probe, "sleep 600 & echo $!; exit 7", timeoutMs=60_000)
        assert code == 7
        await wait_gone(int(output))


async def test_input_that_is_never_read_holds_up_nothing_else(lab: Lab) -> None:
    async with lab.run() as probe:
        await begin(probe, "p", "sleep 600", streamStdin=True)
        much = {"processId": "p", "deltaBase64": encoded(b"x" * MIB)}
        await probe.send({"id": "w", "method": "command/exec/write", "params": much})
        assert await run(probe, "echo served") == (0, "served\n", "")
        assert await probe.request("command/exec/terminate", {"processId": "p"}) == {}
        assert (await end(probe, "p"))["exitCode"] == 137


async def test_a_command_runs_in_the_sandbox_that_is_configured_or_asked_for(lab: Lab) -> None:
    lab.configure(sandbox_mode="read-only")
    (lab.cwd / "sub").mkdir()
    (lab.base / "elsewhere").mkdir()
    confined = {"type": "workspaceWrite", "excludeSlashTmp": True, "excludeTmpdirEnvVar": True}
    async with lab.run() as probe:
        for name, writes, params in (
            ("a", False, {}),
            ("b", True, {"sandboxPolicy": {"type": "dangerFullAccess"}}),
            ("c", True, {"sandboxPolicy": confined}),
            # What may be written is the server's folder, wherever the command starts.
            ("d", True, {"sandboxPolicy": confined, "cwd": "sub"}),
            ("e", False, {"sandboxPolicy": confined, "cwd": str(lab.base / "elsewhere")}),
            ("f", True, {"permissionProfile": ":workspace", "cwd": "sub"}),
            ("g", False, {"permissionProfile": ":read-only"}),
            ("h", True, {"permissionProfile": ":danger-full-access"}),
        ):
            path = (lab.base / "elsewhere" if name == "e" else lab.cwd) / name
            code, _, _ = await run(probe, f"echo > {path}", **params)
            assert (code == 0, path.exists()) == (writes, writes), name
        assert await run(probe, "kill -9 $$") == (137, "", "")
        assert await run(probe, "echo $CODEX_SANDBOX_NETWORK_DISABLED") == (0, "1\n", "")


async def test_a_program_that_a_sandboxed_command_does_not_find_is_named(lab: Lab) -> None:
    async with lab.run() as probe:
        params = {"command": ["no-such-program"], "sandboxPolicy": {"type": "readOnly"}}
        done = await probe.request(RUN, params)
        assert (done["exitCode"], done["stdout"]) == (127, "")
        assert "no-such-program" in done["stderr"]


async def test_nothing_of_a_client_runs_on_when_it_is_gone(lab: Lab) -> None:
    async with lab.run() as probe:
        await begin(probe, "p", "sleep 600 & echo $!; echo $$; wait", streamStdoutStderr=True)
        while text_of(deltas(probe, "p")).count(b"\n") < 2:
            await probe.until("command/exec/outputDelta")
        pids = [int(word) for word in text_of(deltas(probe, "p")).split()]
    for pid in pids:
        await wait_gone(pid)


async def test_ids_are_each_clients_own(lab: Lab) -> None:
    async with lab.listen() as server, server.connect() as one, server.connect() as other:
        await begin(one, "p", "cat", streamStdin=True)
        await write(one, "p", b"mine")
        none = (-32600, 'no active command/exec for process id "p"')
        assert await refused(other, "command/exec/terminate", processId="p") == none
        assert await run(other, "echo theirs", processId="p") == (0, "theirs\n", "")
        await write(one, "p", closeStdin=True)
        assert (await end(one, "p"))["stdout"] == "mine"

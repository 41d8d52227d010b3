"""Commands that the model runs: items, output, exit codes, sessions, what the model is told."""

import re
from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.shapes import ANY_INT, text_like, text_with
from codex_trio.testing.model_script import Answer, Request, answer, function_call, message

UNTIL_TOLD = "until test -e go; do sleep 0.02; done; rm go; "
"""What a command begins with that goes on when it is told to."""


def go_on(lab: Lab) -> None:
    """Tell the command, which runs in the lab's folder."""
    (lab.cwd / "go").touch()


def run(call_id: str, cmd: str, **arguments: Any) -> dict[str, Any]:
    """Return a call of exec_command."""
    return function_call("exec_command", {"cmd": cmd, **arguments}, call_id=call_id)


def session_of(request: Request, call_id: str) -> int:
    """Return the id of the session that a call left running."""
    found = re.search(r"Process running with session ID (\d+)", request.output_of(call_id))
    assert found is not None, request.output_of(call_id)
    return int(found[1])


def told(chunk: str, *, code: int) -> object:
    """Return what the model is told about a command that ended."""
    tokens = -(-len(chunk.encode()) // 4)
    head = rf"Chunk ID: [0-9a-f]{{6}}\nWall time: \d+\.\d{{4}} seconds\nProcess exited with code {code}\n"
    return text_like(rf"{head}Original token count: {tokens}\nOutput:\n{re.escape(chunk)}")


async def test_a_command_becomes_an_item_with_output_and_exit_code(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "printf 'one\\ntwo\\n'")), answer(message("Done.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn = await probe.run_turn(thread_id)
    started = {
        "type": "commandExecution",
        "id": "c1",
        "pluginId": None,
        "scriptPath": None,
        "command": "/bin/bash -lc \"printf 'one\\\\ntwo\\\\n'\"",
        "cwd": str(lab.cwd),
        "processId": text_like(r"\d{4,5}"),
        "source": "unifiedExecStartup",
        "status": "inProgress",
        "commandActions": [{"type": "unknown", "command": "printf 'one\\ntwo\\n'"}],
        "aggregatedOutput": None,
        "exitCode": None,
        "durationMs": None,
        "startedAtMs": ANY_INT,
        "completedAtMs": None,
    }
    assert turn.started("commandExecution") == [started]
    assert turn.items("commandExecution") == [
        {
            **started,
            "status": "completed",
            "aggregatedOutput": "one\ntwo\n",
            "exitCode": 0,
            "durationMs": ANY_INT,
            "completedAtMs": ANY_INT,
        }
    ]
    assert lab.model.requests[1].output_of("c1") == told("one\ntwo\n", code=0)


async def test_a_command_that_fails_is_a_failed_item_and_the_turn_goes_on(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "echo oops >&2; exit 3")), answer(message("It failed.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    [item] = turn.items("commandExecution")
    assert (item["status"], item["exitCode"], item["aggregatedOutput"]) == ("failed", 3, "oops\n")
    assert lab.model.requests[1].output_of("c1") == told("oops\n", code=3)
    assert turn.status == "completed"


async def test_a_command_without_output_has_none(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "true")), answer(message("Done.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    [item] = turn.items("commandExecution")
    assert (item["aggregatedOutput"], item["exitCode"]) == (None, 0)
    assert lab.model.requests[1].output_of("c1") == told("", code=0)


async def test_a_command_killed_by_a_signal_reports_128_and_its_number(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "kill -9 $$")), answer(message("Gone.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    [item] = turn.items("commandExecution")
    assert (item["status"], item["exitCode"]) == ("failed", 137)
    assert lab.model.requests[1].output_of("c1") == told("", code=137)


async def test_output_is_streamed_while_the_command_runs(lab: Lab, probe: Probe) -> None:
    lab.script(
        answer(run("c1", "sleep 0.2; echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three")),
        answer(message("Done.")),
    )
    thread_id = (await probe.start_thread())["id"]
    turn = await probe.run_turn(thread_id)
    deltas = turn.of("item/commandExecution/outputDelta")
    where = {"threadId": thread_id, "turnId": turn.id, "itemId": "c1"}
    assert [{**delta, "delta": ""} for delta in deltas] == [{**where, "delta": ""}] * len(deltas)
    assert [delta["delta"] for delta in deltas] == ["one\n", "two\n", "three\n"]
    [item] = turn.items("commandExecution")
    assert item["aggregatedOutput"] == "one\ntwo\nthree\n"
    assert lab.model.requests[1].output_of("c1") == told("one\ntwo\nthree\n", code=0)


async def test_the_kinds_of_what_a_command_does_are_told(lab: Lab, probe: Probe) -> None:
    (lab.cwd / "a.txt").write_text("needle\n")
    lab.script(
        answer(
            run("c1", "cat a.txt"),
            run("c2", "ls -la"),
            run("c3", "grep -n needle a.txt"),
            run("c4", "cat a.txt | head -n 1"),
        ),
        answer(message("Done.")),
    )
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    actions = {item["id"]: item["commandActions"] for item in turn.items("commandExecution")}
    path = f"{lab.cwd}/a.txt"
    assert actions == {
        "c1": [{"type": "read", "command": "cat a.txt", "name": "a.txt", "path": path}],
        "c2": [{"type": "listFiles", "command": "ls -la", "path": None}],
        "c3": [{"type": "search", "command": "grep -n needle a.txt", "query": "needle", "path": "a.txt"}],
        "c4": [{"type": "read", "command": "cat a.txt", "name": "a.txt", "path": path}],
    }


async def test_long_output_reaches_the_model_shortened_in_the_middle(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "seq -f 'line %g of output' 1 3000")), answer(message("Long.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    output = lab.model.requests[1].output_of("c1")
    size = sum(len(f"line {number} of output\n") for number in range(1, 3001))
    tokens = -(-size // 4)
    assert f"Original token count: {tokens}\nOutput:\n" in output
    shown = output.split("Output:\n", 1)[1]
    head = f"Warning: truncated output (original token count: {tokens})\nTotal output lines: 3000\n\nline 1 of output\n"
    assert shown.startswith(head)
    assert re.search(r"…\d+ tokens truncated…", shown)
    assert shown.endswith("line 3000 of output\n")
    assert 39_000 < len(shown) < 41_000
    # The client sees it whole.
    [item] = turn.items("commandExecution")
    assert len(item["aggregatedOutput"]) == size


async def test_the_model_can_ask_for_less_output(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "seq 1 1000", max_output_tokens=50)), answer(message("Short.")))
    await probe.run_turn((await probe.start_thread())["id"])
    shown = lab.model.requests[1].output_of("c1").split("Output:\n", 1)[1]
    assert "tokens truncated…" in shown
    assert len(shown) < 400
    assert shown.endswith("1000\n")


async def test_calls_of_one_response_run_at_the_same_time(lab: Lab, probe: Probe) -> None:
    # Each waits for the other's file: one after the other they would never end.
    meet = "touch {0}; for i in $(seq 450); do test -e {1} && echo met && exit 0; sleep 0.02; done; exit 1"
    lab.script(
        answer(run("c1", meet.format("left", "right")), run("c2", meet.format("right", "left"))),
        answer(message("Met.")),
    )
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    codes = {item["id"]: item["exitCode"] for item in turn.items("commandExecution")}
    assert codes == {"c1": 0, "c2": 0}
    outputs = [item["call_id"] for item in lab.model.requests[1].input if item["type"] == "function_call_output"]
    assert outputs == ["c1", "c2"]


async def test_a_command_runs_in_the_threads_folder_or_where_it_is_told(lab: Lab, probe: Probe) -> None:
    (lab.cwd / "sub").mkdir()
    lab.script(
        answer(run("c1", "pwd"), run("c2", "pwd", workdir="sub"), run("c3", "pwd", workdir=f"{lab.base}")),
        answer(message("Done.")),
    )
    turn = await probe.run_turn((await probe.start_thread(cwd=str(lab.cwd)))["id"])
    items = {item["id"]: (item["aggregatedOutput"], item["cwd"]) for item in turn.items("commandExecution")}
    folders = {"c1": f"{lab.cwd}", "c2": f"{lab.cwd}/sub", "c3": f"{lab.base}"}
    assert items == {call: (f"{folder}\n", folder) for call, folder in folders.items()}


async def test_a_command_in_a_folder_that_is_missing_fails_and_the_model_is_told(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "true", workdir=f"{lab.cwd}/missing")), answer(message("Done.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert turn.status == "completed"
    assert lab.model.requests[1].output_of("c1") == text_with("exec_command failed", "No such file or directory")


async def test_a_command_sees_a_plain_environment_that_names_its_thread(lab: Lab, probe: Probe) -> None:
    keeps_endings = "CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS"
    names = "TERM NO_COLOR PAGER GIT_PAGER GH_PAGER LANG LC_ALL LC_CTYPE COLORTERM CODEX_CI CODEX_THREAD_ID HOME"
    lab.script(
        answer(run("c1", f'for n in {names} {keeps_endings}; do eval "echo $n=\\$$n"; done')),
        answer(message("Done.")),
    )
    thread_id = (await probe.start_thread())["id"]
    turn = await probe.run_turn(thread_id)
    [item] = turn.items("commandExecution")
    shown = dict(line.split("=", 1) for line in item["aggregatedOutput"].splitlines())
    assert shown == {
        "TERM": "dumb",
        "NO_COLOR": "1",
        "PAGER": "cat",
        "GIT_PAGER": "cat",
        "GH_PAGER": "cat",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "LC_CTYPE": "C.UTF-8",
        "COLORTERM": "",
        "CODEX_CI": "1",
        "CODEX_THREAD_ID": thread_id,
        "HOME": str(lab.home),
        keeps_endings: "1",
    }


async def test_a_command_that_is_not_on_a_terminal_has_no_input_to_read(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "cat; test -t 0 || echo no terminal")), answer(message("Done.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    [item] = turn.items("commandExecution")
    assert item["aggregatedOutput"] == "no terminal\n"


async def test_a_command_on_a_terminal_can_be_talked_to(lab: Lab, probe: Probe) -> None:
    def reply(request: Request) -> Answer:
        session = session_of(request, "c1")
        arguments = {"session_id": session, "chars": "Ada\n", "yield_time_ms": 2000}
        return answer(function_call("write_stdin", arguments, call_id="c2"))

    script = "test -t 0 && echo terminal; read name; echo hello $name; exit 4"
    lab.script(answer(run("c1", script, tty=True, yield_time_ms=400)), reply, answer(message("Done.")))
    thread_id = (await probe.start_thread())["id"]
    turn = await probe.run_turn(thread_id)
    [item] = turn.items("commandExecution")
    assert (item["id"], item["exitCode"], item["status"]) == ("c1", 4, "failed")
    assert item["aggregatedOutput"].replace("\r", "") == "terminal\nAda\nhello Ada\n"
    [interaction] = turn.of("item/commandExecution/terminalInteraction")
    assert interaction == {
        "threadId": thread_id,
        "turnId": turn.id,
        "itemId": "c1",
        "processId": item["processId"],
        "stdin": "Ada\n",
    }
    last = lab.model.requests[2]
    assert last.output_of("c1") == text_with("Process running with session ID", "terminal")
    assert last.output_of("c2") == text_with("Process exited with code 4", "hello Ada")


async def test_a_long_command_can_be_waited_for_in_steps(lab: Lab, probe: Probe) -> None:
    def poll(request: Request) -> Answer:
        go_on(lab)
        arguments = {"session_id": session_of(request, "c1"), "chars": ""}
        return answer(function_call("write_stdin", arguments, call_id="c2"))

    script = f"echo early; {UNTIL_TOLD}echo late"
    lab.script(answer(run("c1", script, yield_time_ms=600)), poll, answer(message("Done.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    final = lab.model.requests[2]
    assert final.output_of("c1") == text_with("Process running with session ID", "early")
    assert final.output_of("c2") == text_with("Process exited with code 0", "late")
    assert "early" not in final.output_of("c2")
    [item] = turn.items("commandExecution")
    assert (item["aggregatedOutput"], item["exitCode"]) == ("early\nlate\n", 0)


async def test_writing_to_a_command_without_input_is_told_to_the_model(lab: Lab, probe: Probe) -> None:
    def write(request: Request) -> Answer:
        arguments = {"session_id": session_of(request, "c1"), "chars": "hello\n"}
        return answer(function_call("write_stdin", arguments, call_id="c2"))

    lab.script(answer(run("c1", "sleep 60", yield_time_ms=250)), write, answer(message("Done.")))
    await probe.run_turn((await probe.start_thread())["id"])
    assert lab.model.requests[2].output_of("c2") == text_with("write_stdin failed", "stdin is closed")


async def test_a_command_that_outlives_its_turn_completes_with_that_turns_id(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", f"{UNTIL_TOLD}echo late", yield_time_ms=250)), answer(message("Done.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert turn.items("commandExecution") == []
    go_on(lab)
    late = await probe.until("item/completed")
    assert late["params"]["turnId"] == turn.id
    item = late["params"]["item"]
    assert (item["id"], item["status"], item["aggregatedOutput"]) == ("c1", "completed", "late\n")


async def test_a_session_that_does_not_exist_is_told_to_the_model(lab: Lab, probe: Probe) -> None:
    lab.script(answer(function_call("write_stdin", {"session_id": 1}, call_id="c1")), answer(message("Done.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert [item["type"] for item in turn.items()] == ["userMessage", "agentMessage"]
    assert lab.model.requests[1].output_of("c1") == "write_stdin failed: Unknown process id 1"


async def test_arguments_that_cannot_be_read_are_told_to_the_model(lab: Lab, probe: Probe) -> None:
    lab.script(
        answer(
            function_call("exec_command", "{bad", call_id="c1"),
            function_call("exec_command", {}, call_id="c2"),
            function_call("exec_command", {"cmd": 5}, call_id="c3"),
        ),
        answer(message("Done.")),
    )
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert [item["type"] for item in turn.items()] == ["userMessage", "agentMessage"]
    final = lab.model.requests[1]
    assert final.output_of("c1") == text_with("failed to parse function arguments: ")
    assert final.output_of("c2") == text_with("failed to parse function arguments: missing field `cmd`")
    assert final.output_of("c3") == text_with("failed to parse function arguments: invalid type: integer `5`")


async def test_commands_that_outlive_their_turn_are_listed_and_can_be_killed(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "sleep 60", yield_time_ms=250)), answer(message("Started.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn = await probe.run_turn(thread_id)
    [started] = turn.started("commandExecution")
    [row] = (await probe.request("thread/backgroundTerminals/list", {"threadId": thread_id}))["data"]
    assert {key: row[key] for key in ("itemId", "processId", "command", "cwd")} == {
        "itemId": "c1",
        "processId": started["processId"],
        "command": "sleep 60",
        "cwd": str(lab.cwd),
    }
    assert await probe.request("thread/backgroundTerminals/clean", {"threadId": thread_id}) == {}
    ended = (await probe.until("item/completed"))["params"]
    assert (ended["turnId"], ended["item"]["id"], ended["item"]["status"]) == (turn.id, "c1", "failed")
    assert (await probe.request("thread/backgroundTerminals/list", {"threadId": thread_id}))["data"] == []

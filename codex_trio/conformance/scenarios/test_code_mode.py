"""Models that write scripts: what they are offered, what scripts can do, and how they end."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Answer, Request, answer, item_done, message

MODEL = "gpt-6.2-sol"


def script(call_id: str, code: str) -> dict[str, Any]:
    """Return a call that runs a script."""
    item = {"type": "custom_tool_call", "id": f"ctc_{call_id}", "call_id": call_id, "namespace": "functions"}
    return item_done({**item, "name": "exec", "input": code})


def wait(call_id: str, cell_id: str, **arguments: Any) -> dict[str, Any]:
    """Return a call that waits for a script."""
    item = {"type": "function_call", "id": f"fc_{call_id}", "call_id": call_id, "namespace": "functions"}
    return item_done({**item, "name": "wait", "arguments": json.dumps({"cell_id": cell_id, **arguments})})


def waits_for(call_id: str, script_id: str, **arguments: Any) -> Callable[[Request], Answer]:
    """Return a response that waits for the script that is known by the output of its call."""

    def reply(request: Request) -> Answer:
        found = re.match(r"Script running with cell ID (\w+)\n", told(request.output_of(script_id))[0])
        assert found is not None
        return answer(wait(call_id, found[1], **arguments))

    return reply


def told(output: Any) -> list[str]:
    """Return the texts of an output."""
    return [output] if isinstance(output, str) else [part["text"] for part in output]


async def run_script(lab: Lab, probe: Probe, code: str) -> list[str]:
    """Run a script in a turn of its own and return what the model is told of it, without the time that it took."""
    lab.script(answer(script("x1", code)), answer(message("Done.")))
    turn = await probe.run_turn((await probe.start_thread(model=MODEL, cwd=str(lab.cwd)))["id"])
    assert (turn.status, turn.text) == ("completed", "Done.")
    head, *rest = told(lab.model.requests[-1].output_of("x1"))
    return [re.sub(r"\nWall time \d+\.\d seconds\nOutput:\n", "", head), *rest]


async def test_the_tools_come_inside_the_input(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    await probe.run_turn((await probe.start_thread(model=MODEL))["id"])
    (request,) = lab.model.requests
    assert "tools" not in request.body
    assert request.body["parallel_tool_calls"] is False
    assert request.body["reasoning"]["context"] == "all_turns"
    assert request.headers["x-openai-internal-codex-responses-lite"] == "true"
    first = request.input[0]
    assert (first["type"], first["role"]) == ("additional_tools", "developer")
    groups = {group["name"]: {tool["name"]: tool for tool in group["tools"]} for group in first["tools"]}
    functions = groups["functions"]
    assert (functions["exec"]["type"], functions["exec"]["format"]["syntax"]) == ("custom", "lark")
    assert functions["wait"]["parameters"]["required"] == ["cell_id"]
    assert not {"exec_command", "apply_patch", "view_image"} & functions.keys()
    assert "exec_command(args: {" in functions["exec"]["description"]
    assert "apply_patch(input: string)" in functions["exec"]["description"]


async def test_a_script_runs_commands_and_computes_with_what_they_gave(lab: Lab) -> None:
    code = (
        'const run = (cmd) => tools.exec_command({ cmd }); const both = ["echo one", "echo two; exit 3"].map(run);\n'
        "const [a, b] = await Promise.all(both); text(a.output.trim() + b.output.trim());\n"
        "text([a.exit_code, b.exit_code]); text(typeof a.wall_time_seconds);"
    )
    async with lab.run() as probe:
        lab.script(answer(script("x1", code)), answer(message("Done.")))
        thread_id = (await probe.start_thread(model=MODEL, cwd=str(lab.cwd)))["id"]
        turn = await probe.run_turn(thread_id)
    assert told(lab.model.requests[-1].output_of("x1"))[1:] == ["onetwo", "[0,3]", "number"]
    commands = turn.items("commandExecution")
    assert sorted(item["status"] for item in commands) == ["completed", "failed"]
    assert all(item["id"].startswith("exec-") for item in commands)
    assert [item["type"] for item in turn.items() if item not in commands] == ["userMessage", "agentMessage"]
    async with lab.run() as probe:
        thread = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]
    stored = {item["id"]: item for item in thread["turns"][0]["items"]}
    assert stored == {item["id"]: item for item in turn.items()}


COMPLETED, FAILED = "Script completed", "Script failed"


@pytest.mark.parametrize(
    ("code", "state", "outputs"),
    [
        ('text("a"); text({ b: [1] }); text(3); text(undefined)', COMPLETED, ["a", '{"b":[1]}', "3", "undefined"]),
        ('text("a"); exit(); text("b")', COMPLETED, ["a"]),
        ("await new Promise((go) => setTimeout(go, 5)); text(1)", COMPLETED, ["1"]),
        ('try { await tools.exec_command("ls") } catch (e) { text(e) }', COMPLETED, [".*expects a JSON object.*"]),
        ('text(ALL_TOOLS.some((tool) => tool.name === "exec_command"))', COMPLETED, ["true"]),
        ('text("x".repeat(60000))', COMPLETED, [r"Warning: truncated output \(original token count: 15000\).*"]),
        ('// @exec: {"max_output_tokens": 4}\ntext("x".repeat(60))', COMPLETED, [".*11 tokens truncated.*"]),
        ('text("a"); throw new Error("b")', FAILED, ["a", "Script error:\nError: b\n.*exec_main.mjs:1:.*"]),
        (
            '// @exec: {"max_output_tokens": 1}\nfor (let i = 0; i < 9; i++) text("x"); throw new Error("why")',
            FAILED,
            [r"Warning: truncated output \(original token count: \d+\)\nTotal output lines: \d+\n\nx\n….*"],
        ),
        ('text("a"; ', FAILED, ["Script error:\nSyntaxError.*"]),
        ("await tools.nothing({})", FAILED, ["Script error:\nTypeError.*not a function.*"]),
        ("await tools.exec_command({})", FAILED, ["Script error:\n.*missing field `cmd`.*"]),
        ('await tools.apply_patch("no patch")', FAILED, ["Script error:\napply_patch verification failed.*"]),
        ('await import("fs")', FAILED, ["Script error:\n.*"]),
        ("", "exec expects raw JavaScript source text.*", []),
        ("// @exec: {no}\ntext(1)", "exec pragma must be valid JSON.*", []),
        ('// @exec: {"no": 1}\ntext(1)', "exec pragma only supports .*; got `no`", []),
    ],
    ids=[
        *(
            "texts",
            "exit",
            "timer",
            "refused call",
            "all tools",
            "long",
            "budget",
            "throws",
            "says much and throws",
            "syntax",
            "no such tool",
        ),
        *("bad arguments", "bad patch", "import", "nothing", "bad pragma", "unknown pragma"),
    ],
)
async def test_what_comes_of_a_script(lab: Lab, probe: Probe, code: str, state: str, outputs: list[str]) -> None:
    head, *rest = await run_script(lab, probe, code)
    assert re.fullmatch(state, head, re.DOTALL)
    assert len(rest) == len(outputs)
    for said, expected in zip(rest, outputs, strict=True):
        assert said == expected or re.fullmatch(expected, said, re.DOTALL)


async def test_values_are_kept_for_later_scripts(lab: Lab, probe: Probe) -> None:
    lab.script(answer(script("x1", 'store("k", { a: [1] }); text(load("other"))')), answer(message("Kept.")))
    lab.script(answer(script("x2", 'text(load("k").a)')), answer(message("Read.")))
    thread_id = (await probe.start_thread(model=MODEL))["id"]
    await probe.run_turn(thread_id)
    await probe.run_turn(thread_id)
    assert told(lab.model.requests[1].output_of("x1"))[1:] == ["undefined"]
    assert told(lab.model.requests[3].output_of("x2"))[1:] == ["[1]"]


async def test_a_script_that_takes_long_is_waited_for(lab: Lab, probe: Probe) -> None:
    waiting = 'await tools.exec_command({ cmd: "until [ -e go ]; do sleep 0.02; done" })'
    lab.script(
        answer(script("x1", f'// @exec: {{"yield_time_ms": 50}}\ntext("before"); {waiting}; text("after")')),
        waits_for("w1", "x1", yield_time_ms=20),
        waits_for("w2", "x1", yield_time_ms=20_000),
        answer(wait("w3", "77")),
        answer(message("Done.")),
    )
    turn_id = await probe.start_turn((await probe.start_thread(model=MODEL, cwd=str(lab.cwd)))["id"])
    await lab.model.request(2)
    await trio.Path(lab.cwd / "go").touch()
    turn = await probe.finish_turn(turn_id)
    assert turn.status == "completed"
    last = lab.model.requests[-1]
    first, second, third = (told(last.output_of(call_id)) for call_id in ("x1", "w1", "w2"))
    assert first[0].startswith("Script running with cell ID ")
    assert second[0].startswith("Script running with cell ID ")
    assert third[0].startswith("Script completed\n")
    assert [*first[1:], *second[1:], *third[1:]] == ["before", "after"]
    assert told(last.output_of("w3"))[-1].endswith("exec cell 77 not found")


async def test_a_script_that_never_ends_can_be_ended(lab: Lab, probe: Probe) -> None:
    lab.script(
        answer(script("x1", '// @exec: {"yield_time_ms": 50}\nwhile (true) {}')),
        waits_for("w1", "x1", terminate=True),
        answer(message("Done.")),
    )
    turn = await probe.run_turn((await probe.start_thread(model=MODEL))["id"])
    assert turn.text == "Done."
    assert told(lab.model.requests[-1].output_of("w1"))[0].startswith("Script terminated\n")


async def test_a_script_ends_with_its_turn(lab: Lab, probe: Probe) -> None:
    lab.script(answer(script("x1", 'await tools.exec_command({ cmd: "touch began; sleep 100" })')))
    thread_id = (await probe.start_thread(model=MODEL, cwd=str(lab.cwd)))["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/started", where=lambda params: params["item"]["type"] == "commandExecution")
    await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
    turn = await probe.finish_turn(turn_id)
    assert turn.status == "interrupted"
    lab.script(answer(script("x2", "text(1)")), answer(message("Again.")))
    assert (await probe.run_turn(thread_id)).text == "Again."
    assert told(lab.model.requests[-1].output_of("x2"))[1:] == ["1"]


async def test_scripts_may_stand_beside_the_other_tools(lab: Lab) -> None:
    lab.configure(tables="[features]\ncode_mode = true")
    lab.script(answer(item_done({**script("x1", "text(typeof tools.exec_command)")["item"], "namespace": None})))
    lab.script(answer(message("Done.")))
    async with lab.run() as probe:
        await probe.run_turn((await probe.start_thread())["id"])
    assert {"exec", "wait", "exec_command", "apply_patch"} <= set(lab.model.requests[0].tool_names)
    assert told(lab.model.requests[-1].output_of("x1"))[1:] == ["function"]

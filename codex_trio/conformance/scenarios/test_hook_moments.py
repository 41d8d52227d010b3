"""Hooks around requests to the model, after an interruption, and at the end of a thread."""

import json
from pathlib import Path
from typing import Any

import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.scenarios import test_mcp
from codex_trio.conformance.scenarios.test_agents import MODEL, about, agent_says, call
from codex_trio.conformance.scenarios.test_hooks import UserHooks, echo, hooked
from codex_trio.testing.model_script import End, Gate, answer, http_error, message, message_of

REQUESTS = ("PreModelRequest", "PostModelRequest")
USAGE = {
    "input_tokens": 100,
    "cached_input_tokens": 10,
    "cache_write_input_tokens": 0,
    "output_tokens": 20,
    "reasoning_output_tokens": 5,
    "total_tokens": 120,
}


def outcome(record: dict[str, Any]) -> tuple[Any, ...]:
    """Return the moment, which attempt it is, and how that ended."""
    return record["hook_event_name"], record["kind"], record["attempt_number"], record.get("status")


async def test_hooks_see_each_attempt_to_ask_the_model_and_how_it_ended(lab: Lab) -> None:
    lab.script(answer(message("cut"), end=End.CUT), echo(), answer(message("ok")))
    said: dict[str, tuple[int, str, str]] = dict.fromkeys(REQUESTS, (2, "", "no"))
    async with hooked(lab, said, REQUESTS, stream_max_retries=1) as (probe, thread_id, hooks):
        turn = await probe.run_turn(thread_id)
        assert (turn.status, turn.text) == ("completed", "ok")
    given = hooks.given()
    # Those after a request run beside what follows, in no order.
    first, second, third = (record["request_id"] for record in hooks.given("PreModelRequest"))
    assert first == second != third
    assert sorted(map(outcome, given), key=str) == [
        ("PostModelRequest", "sampling", 1, "completed"),
        ("PostModelRequest", "sampling", 1, "failed"),
        ("PostModelRequest", "sampling", 2, "completed"),
        ("PreModelRequest", "sampling", 1, None),
        ("PreModelRequest", "sampling", 1, None),
        ("PreModelRequest", "sampling", 2, None),
    ]
    (last,) = (one for one in hooks.given("PostModelRequest") if one["request_id"] == third)
    assert (last["token_usage"], last["response_id"], last["error"]) == (USAGE, "resp_1", None)
    assert last["thread_id"] == last["session_id"] == thread_id
    assert last["turn_id"] == turn.id
    assert "permission_mode" not in last
    # What they say changes nothing; the turn ends when they have ended.
    runs = [params["run"] for params in turn.of("hook/completed")]
    assert len(runs) == 6
    assert {(run["status"], run["entries"][0]["text"]) for run in runs} == {("failed", "no")}


async def test_hooks_see_a_request_that_sums_up(lab: Lab) -> None:
    lab.script(answer(message("ok")), http_error(400, {"error": {"message": "no"}}), answer(message("summary")))
    async with hooked(lab, {}, REQUESTS) as (probe, thread_id, hooks):
        await probe.run_turn(thread_id)
        for expected in ("failed", "completed"):
            await probe.request("thread/compact/start", {"threadId": thread_id})
            await probe.until("turn/completed", thread_id=thread_id)
            record = hooks.given("PostModelRequest")[-1]
            assert (record["kind"], record["status"]) == ("foreground_compaction", expected)


async def test_hooks_hear_of_a_turn_that_its_user_has_stopped(lab: Lab) -> None:
    lab.script(answer(message_of(["on my way", Gate()])))
    said = {"Interrupt": (0, json.dumps({"systemMessage": "what a pity"}), "")}
    async with hooked(lab, said, (*REQUESTS, "Interrupt")) as (probe, thread_id, hooks):
        turn_id = await probe.start_turn(thread_id)
        # A request whose answer has not begun may not count as one.
        await probe.until("item/agentMessage/delta")
        await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
        turn = await probe.finish_turn(turn_id)
    assert turn.status == "interrupted"
    (after,) = hooks.given("PostModelRequest")
    assert (after["status"], after["error"], after["token_usage"]) == ("cancelled", None, None)
    (interrupted,) = hooks.given("Interrupt")
    assert (interrupted["turn_id"], interrupted["model"]) == (turn_id, "gpt-5.5")
    (run,) = (params["run"] for params in turn.of("hook/completed") if params["run"]["eventName"] == "interrupt")
    assert (run["status"], run["entries"]) == ("completed", [{"kind": "warning", "text": "what a pity"}])


async def test_hooks_hear_of_the_end_of_each_thread_however_it_ends(lab: Lab) -> None:
    lab.script(answer(message("ok")))
    async with hooked(lab, {"SessionEnd": (0, "", "")}, ["SessionEnd"]) as (probe, thread_id, hooks):
        await probe.run_turn(thread_id)
        await probe.request("thread/archive", {"threadId": thread_id})
        run = (await probe.until("hook/completed", thread_id=thread_id))["params"]["run"]
        assert (run["eventName"], run["scope"], run["status"]) == ("sessionEnd", "thread", "completed")
        other = (await probe.start_thread())["id"]
        assert [record["session_id"] for record in hooks.given()] == [thread_id]
    first, second = hooks.given()
    assert sorted(first) == ["cwd", "hook_event_name", "reason", "session_id", "transcript_path"]
    assert (first["reason"], second["session_id"]) == ("other", other)


async def test_a_hook_calls_a_tool_of_the_threads_servers(lab: Lab) -> None:
    lab.script(echo(), answer(message("ok")))
    log = lab.base / "mcp.log"
    hooks = UserHooks(lab)
    given = {"message": "${tool_name}: ${tool_input.command}"}
    good = {"type": "mcp_tool", "server": "tiny", "tool": "echo", "input": given}
    failing = {"type": "mcp_tool", "server": "tiny", "tool": "fail"}
    unknown = {"type": "mcp_tool", "server": "other", "tool": "echo"}
    lab.configure(tables=test_mcp.server(env={"MCP_LOG": str(log)}))
    hooks.file.write_text(json.dumps({"hooks": {"PreToolUse": [{"hooks": [good, failing, unknown]}]}}))
    async with lab.run() as probe:
        await hooks.trust(probe)
        (entry,) = (await probe.request("hooks/list", {"cwds": [str(lab.cwd)]}))["data"]
        shown = [(hook["handlerType"], hook["server"], hook["tool"]) for hook in entry["hooks"]]
        assert shown == [("mcpTool", "tiny", "echo"), ("mcpTool", "tiny", "fail"), ("mcpTool", "other", "echo")]
        turn = await probe.run_turn((await probe.start_thread())["id"])
    runs = {params["run"]["displayOrder"]: params["run"] for params in turn.of("hook/completed")}
    assert [(run["handlerType"], run["status"]) for _, run in sorted(runs.items())] == [
        ("mcpTool", "completed"),
        ("mcpTool", "failed"),
        ("mcpTool", "failed"),
    ]
    assert runs[1]["entries"][0]["text"] == "MCP tool returned an error: it did not work"
    assert runs[2]["entries"][0]["text"] == "unknown MCP server 'other'"
    calls = [json.loads(line) for line in log.read_text().splitlines() if '"tools/call"' in line]
    (called,) = (one["params"] for one in calls if one["params"]["name"] == "echo")
    assert called["arguments"] == {"message": "Bash: echo hi"}


async def test_what_a_hook_tells_the_model_is_cut_and_kept(lab: Lab) -> None:
    lab.script(answer(message("ok")))
    text = "".join(f"line {number}\n" for number in range(2000))
    hooks = UserHooks(lab)
    hooks.write({"UserPromptSubmit": (0, text, "")}, ["UserPromptSubmit"])
    document = json.loads(hooks.file.read_text())
    document["hooks"]["UserPromptSubmit"][0]["hooks"][0]["additionalContextLimit"] = 100
    hooks.file.write_text(json.dumps(document))
    lab.configure()
    async with lab.run() as probe:
        await hooks.trust(probe)
        await probe.run_turn((await probe.start_thread())["id"])
    (told,) = (found for found in lab.model.requests[-1].texts("developer") if "line 0\n" in found)
    assert told.startswith("Warning: truncated output (original token count: ")
    assert len(told) < 1000
    kept = Path(told.rpartition("Full hook output saved to: ")[2])
    assert await trio.Path(kept).read_text() in (text, text.strip())


async def test_the_end_of_an_agent_names_both_transcripts(lab: Lab) -> None:
    lab.script(
        call("spawn_agent", {"message": "go"}, "spawn"),
        agent_says("done"),
        about("wait_agent", "targets", "wait"),
        answer(message("ok")),
    )
    async with hooked(lab, {}, ["SubagentStart", "SubagentStop"]) as (probe, _, hooks):
        thread_id = (await probe.start_thread(model=MODEL))["id"]
        await probe.run_turn(thread_id)
    began, ended = hooks.given()
    assert ended["agent_transcript_path"] == began["transcript_path"]
    assert thread_id in ended["transcript_path"]
    assert "agent_transcript_path" not in began

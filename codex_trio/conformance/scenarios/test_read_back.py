"""What was streamed is what is read back, whatever kind of item it is and however its turn ended.

After a summary, after a restart, in a fork, and once later turns are gone.
"""

import base64
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import codex_trio.testing.mcp_server
from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Message, Probe
from codex_trio.testing.model_script import (
    Answer,
    Gate,
    Reply,
    Request,
    answer,
    custom_tool_call,
    failed,
    function_call,
    item_done,
    message,
    message_of,
    reasoning,
)

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
DONE = answer(message("Done.", item_id="m9"))
LOOKUP = {"type": "function", "name": "lookup", "description": "Looks up.", "inputSchema": {"type": "object"}}
QUESTION = {"title": "Which?", "options": ["a", "b"]}
PLAN = {"model": "gpt-5.5", "reasoning_effort": None, "developer_instructions": None}
SEARCHES: list[dict[str, Any]] = [
    {"type": "search", "query": "trio", "queries": ["trio", "nursery"]},
    {"type": "open_page", "url": "https://example.org/a"},
    {"type": "find_in_page", "url": "https://example.org/a", "pattern": "x"},
]
FINDINGS: dict[str, Any] = {
    "findings": [],
    "overall_correctness": "patch is correct",
    "overall_explanation": "Fine.",
    "overall_confidence_score": 1.0,
}
TEAM = "[features]\nmulti_agent_v2 = true\n"
MCP = f"""
[mcp_servers.tiny]
command = "{sys.executable}"
args = ["-S", "{Path(codex_trio.testing.mcp_server.__file__)}"]
"""

HOOK = """
[[hooks.Stop]]
[[hooks.Stop.hooks]]
type = "command"
command = "if grep -q 'hook_active\\": *false'; then echo 'not <yet>' >&2; exit 2; fi"
"""

Start = Callable[[Probe, str], Awaitable[str]]


@dataclass(frozen=True)
class Case:
    """A turn and what is to be seen of it."""

    answers: tuple[Reply, ...]
    kinds: list[str]
    """The types of its items; those of agents come in any order."""
    status: str = "completed"
    model: str = "gpt-5.5"
    tables: str = ""
    """More of the configuration."""
    thread: Mapping[str, Any] = field(default_factory=dict[str, Any])
    turn: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reply: Callable[[Message], Any] | None = None
    """How the client answers questions."""
    start: Start | None = None
    """What starts the turn and gives its id, where it is not what the user says."""


def command(script: str, *, call_id: str = "c1", **more: Any) -> Any:
    return function_call("exec_command", {"cmd": script, **more}, call_id=call_id)


def patch(text: str, *, call_id: str = "p1") -> Any:
    return custom_tool_call("apply_patch", f"*** Begin Patch\n{text}\n*** End Patch", call_id=call_id)


def decline(_request: Message) -> dict[str, str]:
    return {"decision": "decline"}


def in_namespace(namespace: str, name: str, call_id: str, **arguments: Any) -> Answer:
    return answer(function_call(name, arguments, call_id=call_id, namespace=namespace))


def wait_for_agent(request: Request) -> Answer:
    """Return a call that waits for the agent that was started."""
    agent = json.loads(request.output_of("spawn"))["agent_id"]
    return in_namespace("multi_agent_v1", "wait_agent", "wait", targets=[agent])


def found(text: str) -> Answer:
    """Return what an agent says, whenever one asks."""
    return answer(message(text, item_id="f1")).matching(lambda request: "x-openai-subagent" in request.headers)


def searched(number: int, action: Mapping[str, Any]) -> Any:
    return item_done({"type": "web_search_call", "id": f"ws_{number}", "status": "completed", "action": action})


async def review(probe: Probe, thread_id: str) -> str:
    """Have the thread's work reviewed."""
    target = {"type": "custom", "instructions": "Look."}
    return (await probe.request("review/start", {"threadId": thread_id, "target": target}))["turn"]["id"]


async def trust_hooks(probe: Probe, thread_id: str) -> str:
    """Start a turn once the hooks of the configuration may run."""
    cwd = (await probe.request("thread/read", {"threadId": thread_id}))["thread"]["cwd"]
    (entry,) = (await probe.request("hooks/list", {"cwds": [cwd]}))["data"]
    state = {hook["key"]: {"trusted_hash": hook["currentHash"]} for hook in entry["hooks"]}
    edit = {"keyPath": "hooks.state", "value": state, "mergeStrategy": "upsert"}
    await probe.request("config/batchWrite", {"edits": [edit], "reloadUserConfig": True})
    return await probe.start_turn(thread_id)


async def shell(probe: Probe, thread_id: str) -> str:
    """Run a command of the user."""
    await probe.request("thread/shellCommand", {"threadId": thread_id, "command": "sleep 0.2; echo mine; exit 2"})
    return (await probe.until("turn/started"))["params"]["turn"]["id"]


CASES = {
    "messages": Case(
        (
            answer(
                message("Let me see.", item_id="m1", phase="commentary"),
                message("It is so.", item_id="m2", phase="final_answer"),
            ),
        ),
        ["userMessage", "agentMessage", "agentMessage"],
    ),
    "reasoning": Case(
        (answer(reasoning(["**One**", "**Two**"], raw="Hm, hm.", item_id="r1"), message("So.", item_id="m1")),),
        ["userMessage", "reasoning", "agentMessage"],
    ),
    "commands": Case(
        (
            answer(
                command("sleep 0.2; echo out; echo err >&2; exit 3"),
                command("sleep 0.2; true", call_id="c2"),
                command("sleep 0.2; seq 3000", call_id="c3"),
            ),
            DONE,
        ),
        ["userMessage", *["commandExecution"] * 3, "agentMessage"],
    ),
    "patches": Case(
        (
            answer(patch("*** Add File: a.txt\n+one\n+two")),
            answer(patch("*** Update File: a.txt\n@@\n-one\n+1", call_id="p2")),
            answer(patch("*** Update File: a.txt\n*** Move to: b.txt\n@@\n-1\n+eins", call_id="p3")),
            answer(patch("*** Delete File: b.txt", call_id="p4")),
            DONE,
        ),
        ["userMessage", *["fileChange"] * 4, "agentMessage"],
    ),
    "images": Case(
        (answer(function_call("view_image", {"path": "pixel.png"}, call_id="v1")), DONE),
        ["userMessage", "imageView", "agentMessage"],
    ),
    "failed": Case(
        (answer(message("I was", item_id="m1"), command("sleep 0.2; true")), answer(failed("invalid_prompt", "No."))),
        ["userMessage", "agentMessage", "commandExecution"],
        status="failed",
    ),
    "declined command": Case(
        (
            answer(command("touch x", sandbox_permissions="require_escalated", justification="May I?")),
            DONE,
        ),
        ["userMessage", "commandExecution", "agentMessage"],
        thread={"approvalPolicy": "on-request", "sandbox": "read-only"},
        reply=decline,
    ),
    "declined patch": Case(
        (answer(patch("*** Add File: ../outside.txt\n+one")), DONE),
        ["userMessage", "fileChange", "agentMessage"],
        thread={"approvalPolicy": "on-request", "sandbox": "workspace-write"},
        reply=decline,
    ),
    "what a user says": Case(
        (DONE,),
        ["userMessage", "agentMessage"],
        turn={
            "input": [
                {
                    "type": "text",
                    "text": "See @a",
                    "text_elements": [{"byteRange": {"start": 4, "end": 6}, "placeholder": "@a"}],
                },
                {"type": "image", "url": f"data:image/png;base64,{PNG}"},
                {"type": "mention", "name": "a", "path": "/a"},
            ],
            "clientUserMessageId": "mine-1",
        },
    ),
    "messages sent meanwhile": Case(
        (
            in_namespace("functions", "send_message_to_user_async", "m1", message="Look."),
            in_namespace("functions", "request_user_input_async", "q1", questions=[QUESTION]),
            DONE,
        ),
        ["userMessage", *["agentMessage"] * 3],
        model="gpt-6.2-sol",
    ),
    "a sleep": Case(
        (in_namespace("clock", "sleep", "s1", duration_ms=1), DONE),
        ["userMessage", "sleep", "agentMessage"],
        model="gpt-6.2-sol",
    ),
    "a command of the user": Case((), ["commandExecution"], start=shell),
    "what a hook says": Case(
        (answer(message("Done?", item_id="m1")), DONE),
        ["userMessage", "agentMessage", "hookPrompt", "agentMessage"],
        tables=HOOK,
        start=trust_hooks,
    ),
    "a plan": Case(
        (answer(message("So:\n<proposed_plan>\n# Plan\n- one\n</proposed_plan>\nYes?\n")),),
        ["userMessage", "plan", "agentMessage"],
        turn={"collaborationMode": {"mode": "plan", "settings": PLAN}},
    ),
    "a review": Case(
        (answer(message(json.dumps(FINDINGS))),),
        ["enteredReviewMode", "userMessage", "exitedReviewMode", "agentMessage"],
        start=review,
    ),
    "web searches": Case(
        (answer(*(searched(number, action) for number, action in enumerate(SEARCHES))),),
        ["userMessage", *["webSearch"] * 3],
    ),
    "a picture that was made": Case(
        (answer(item_done({"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PNG})),),
        ["userMessage", "imageGeneration"],
    ),
    "a client's tool": Case(
        (answer(function_call("lookup", {"key": 1}, call_id="d1")), DONE),
        ["userMessage", "dynamicToolCall", "agentMessage"],
        thread={"dynamicTools": [LOOKUP]},
        reply=lambda _: {"contentItems": [{"type": "inputText", "text": "one"}], "success": True},
    ),
    "a tool of an MCP server": Case(
        (in_namespace("mcp__tiny", "echo", "e1", message="hi"), DONE),
        ["userMessage", "mcpToolCall", "agentMessage"],
        tables=MCP,
    ),
    "an agent": Case(
        (in_namespace("multi_agent_v1", "spawn_agent", "spawn", message="Look"), wait_for_agent, DONE, found("it")),
        ["userMessage", "collabAgentToolCall", "collabAgentToolCall", "agentMessage"],
        model="somebody-else",
    ),
    "an agent of a team": Case(
        (
            in_namespace("collaboration", "spawn_agent", "spawn", task_name="worker", message="Look"),
            in_namespace("collaboration", "wait_agent", "wait"),
            DONE,
            found("it"),
        ),
        ["userMessage", "subAgentActivity", "collabAgentToolCall", "subAgentActivity", "agentMessage"],
        tables=TEAM,
    ),
}


def essence(turn: dict[str, Any]) -> dict[str, Any]:
    """Return a turn but for how much of it is shown."""
    return {key: value for key, value in turn.items() if key != "itemsView"}


def as_streamed(turn: FinishedTurn) -> dict[str, Any]:
    """Return a turn as its end told it, with its items as their ends told them."""
    return essence({**turn.final, "items": turn.items()})


async def turns_of(probe: Probe, thread_id: str) -> list[dict[str, Any]]:
    """Return the turns of a thread, oldest first, which are the same in every way that they can be read."""
    read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    turns = [essence(turn) for turn in read["thread"]["turns"]]
    page = await probe.request("thread/turns/list", {"threadId": thread_id, "itemsView": "full"})
    assert [essence(turn) for turn in reversed(page["data"])] == turns
    entries = (await probe.request("thread/items/list", {"threadId": thread_id}))["data"]
    assert [entry["item"] for entry in entries] == [item for turn in turns for item in turn["items"]]
    return turns


async def run(probe: Probe, thread_id: str, start: Start, reply: Callable[[Message], Any] | None) -> FinishedTurn:
    """Start a turn and return it with what is told of its thread alone."""
    probe.log.skip()
    before = len(probe.log.from_server)
    turn_id = await start(probe, thread_id)

    def is_end(told: Message) -> bool:
        return told.get("method") == "turn/completed" and told["params"]["threadId"] == thread_id

    await probe.next(is_end, "end of the turn", answer=reply)
    told = probe.log.from_server[before:]
    return FinishedTurn(turn_id, [one for one in told if one.get("params", {}).get("threadId") == thread_id])


def says(turn: Mapping[str, Any]) -> Start:
    """Return what starts the turn of a case in which the user says something."""

    async def start(probe: Probe, thread_id: str) -> str:
        params = {"threadId": thread_id, "input": [{"type": "text", "text": "go"}], **turn}
        return (await probe.request("turn/start", params))["turn"]["id"]

    return start


async def sum_up(probe: Probe, thread_id: str) -> str:
    """Have the thread go on from a summary."""
    await probe.request("thread/compact/start", {"threadId": thread_id})
    return (await probe.until("turn/started", thread_id=thread_id))["params"]["turn"]["id"]


@pytest.mark.parametrize("name", CASES)
async def test_a_turn_reads_back_as_it_was_streamed(lab: Lab, name: str) -> None:
    case = CASES[name]
    (lab.cwd / "pixel.png").write_bytes(base64.b64decode(PNG))
    lab.configure(tables=case.tables)
    lab.script(*case.answers)
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=case.model, **case.thread))["id"]
        turn = await run(probe, thread_id, case.start or says(case.turn), case.reply)
        kinds = [item["type"] for item in turn.items()]
        assert (turn.status, sorted(kinds)) == (case.status, sorted(case.kinds))
        assert "team" in name or kinds == case.kinds
        assert await turns_of(probe, thread_id) == [as_streamed(turn)]
        lab.script(answer(message("The sum.", item_id="m_sum")))
        summary = await run(probe, thread_id, sum_up, None)
        streamed = [as_streamed(turn), as_streamed(summary)]
        assert await turns_of(probe, thread_id) == streamed
    async with lab.run() as probe:
        assert await turns_of(probe, thread_id) == streamed
        fork = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]
        assert [essence(turn) for turn in fork["turns"]] == streamed
        assert await turns_of(probe, fork["id"]) == streamed
        resumed = await probe.request("thread/resume", {"threadId": thread_id})
        assert [essence(turn) for turn in resumed["thread"]["turns"]] == streamed
        await probe.request("thread/revert", {"threadId": thread_id, "beforeTurnId": summary.id})
        assert await turns_of(probe, thread_id) == streamed[:1]


async def test_an_interrupted_turn_reads_back_as_it_was_streamed(lab: Lab) -> None:
    lab.script(
        answer(message("First.", item_id="m1"), command("sleep 0.2; echo one")),
        answer(message_of(["Never ", Gate(), "ending."], item_id="m2")),
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        turn_id = await probe.start_turn(thread_id)
        await probe.until("item/agentMessage/delta", where=lambda params: params["itemId"] == "m2")
        await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
        turn = await probe.finish_turn(turn_id)
        assert turn.status == "interrupted"
        assert [item["type"] for item in turn.items()] == ["userMessage", "agentMessage", "commandExecution"]
        assert await turns_of(probe, thread_id) == [as_streamed(turn)]
    async with lab.run() as probe:
        assert await turns_of(probe, thread_id) == [as_streamed(turn)]
        resumed = await probe.request("thread/resume", {"threadId": thread_id})
        assert [essence(turn) for turn in resumed["thread"]["turns"]] == [as_streamed(turn)]

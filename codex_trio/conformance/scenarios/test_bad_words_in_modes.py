"""Whatever a model says in whatever mode: the turn ends, says why where it failed, and the next one works."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe
from codex_trio.testing.model_script import (
    Answer,
    End,
    Event,
    Reply,
    Request,
    answer,
    body_answer,
    failed,
    function_call,
    item_done,
    message,
    message_of,
)

LOOKUP = {"type": "function", "name": "lookup", "description": "Looks up.", "inputSchema": {"type": "object"}}
PLAN = {"mode": "plan", "settings": {"model": "gpt-5.5", "reasoning_effort": None, "developer_instructions": None}}
AGENTS = "multi_agent_v1"
HUGE = 10_000_000

Call = Callable[..., Event]
"""Makes a call of a mode's own tool, from arguments or their text."""


@dataclass(frozen=True)
class Fault:
    """What a model says; `goes_on` when it is asked again after that."""

    said: Callable[[Call], Answer]
    goes_on: bool


FAULTS = {
    "no arguments": Fault(lambda call: answer(call('{"cmd": "echo'), call("[]", "c2"), call("", "c3")), goes_on=True),
    "unknown tools": Fault(
        lambda _: answer(
            function_call("no_such_tool", {}, call_id="c1"),
            function_call("x", {}, call_id="c2", namespace="nowhere"),
            item_done({"type": "custom_tool_call", "id": "ctc_3", "call_id": "c3", "name": "nope", "input": "x"}),
        ),
        goes_on=True,
    ),
    "ids twice": Fault(lambda call: answer(call({"a": 1}), call({"a": 1}), call({"a": 2})), goes_on=True),
    "huge arguments": Fault(lambda call: answer(call({"nothing": "x" * HUGE})), goes_on=True),
    "a cut stream": Fault(lambda _: answer(message_of(["Half a "], done=False), end=End.CUT), goes_on=False),
    "no events": Fault(lambda _: body_answer(b'data: {"type": "response.\n\ndata: [1, 2\n\n<html>'), goes_on=False),
    "a failure": Fault(lambda _: answer(message("Well, "), failed("invalid_prompt", "No.")), goes_on=False),
    "nothing": Fault(lambda _: answer(), goes_on=False),
}


@dataclass(frozen=True)
class Mode:
    """A way in which a model works; `begin` starts the turn in which it does, and is over when that is."""

    begin: Callable[[Probe, str], Any]
    tool: str = "exec_command"
    namespace: str | None = None
    around: Callable[[Sequence[Reply]], Sequence[Reply]] = tuple
    """What models say with those replies in the middle."""

    def call(self, arguments: Any, call_id: str = "c1") -> Event:
        return function_call(self.tool, arguments, call_id=call_id, namespace=self.namespace)


async def end_of(probe: Probe, thread_id: str) -> dict[str, Any]:
    """Return a thread's turn that ends next; whoever asks the client something gets an answer that is none."""

    def is_end(told: Message) -> bool:
        return told.get("method") == "turn/completed" and told["params"]["threadId"] == thread_id

    def reply(request: Message) -> Any:
        return {"contentItems": [], "success": False} if request["method"] == "item/tool/call" else {"answers": {}}

    return (await probe.next(is_end, "end of the turn", seconds=30, answer=reply))["params"]["turn"]


async def say(probe: Probe, thread_id: str, **more: Any) -> dict[str, Any]:
    probe.log.skip()
    await probe.start_turn(thread_id, "go", **more)
    return await end_of(probe, thread_id)


async def plan(probe: Probe, thread_id: str) -> dict[str, Any]:
    return await say(probe, thread_id, collaborationMode=PLAN)


async def review(probe: Probe, thread_id: str) -> dict[str, Any]:
    probe.log.skip()
    target = {"type": "custom", "instructions": "Look."}
    await probe.request("review/start", {"threadId": thread_id, "target": target})
    return await end_of(probe, thread_id)


async def sum_up(probe: Probe, thread_id: str) -> dict[str, Any]:
    probe.log.skip()
    await probe.request("thread/compact/start", {"threadId": thread_id})
    return await end_of(probe, thread_id)


async def pursue(probe: Probe, thread_id: str) -> dict[str, Any]:
    """Have a goal pursued for one turn."""
    probe.log.skip()
    await probe.request("thread/goal/set", {"threadId": thread_id, "objective": "Do it.", "tokenBudget": 1})
    turn = await end_of(probe, thread_id)
    await probe.request("thread/goal/clear", {"threadId": thread_id})
    return turn


def by_agent(request: Request) -> bool:
    return "x-openai-subagent" in request.headers


def with_agent(said: Sequence[Reply]) -> list[Reply]:
    """Return what a thread and its agent say, where the agent says that."""

    def wait(request: Request) -> Answer:
        agent = json.loads(request.output_of("spawn"))["agent_id"]
        return answer(function_call("wait_agent", {"targets": [agent]}, call_id="wait", namespace=AGENTS))

    spawn = answer(function_call("spawn_agent", {"message": "Look"}, call_id="spawn", namespace=AGENTS))
    of_agent = [one.matching(by_agent) for one in said if isinstance(one, Answer)]
    return [spawn, wait, answer(message("Its work is done.", item_id="m_parent")), *of_agent]


MODES = {
    "plain": Mode(say),
    "plan": Mode(plan, tool="request_user_input"),
    "review": Mode(review),
    "compaction": Mode(sum_up),
    "goal": Mode(pursue, tool="update_goal"),
    "client's tools": Mode(say, tool="lookup"),
    "agents": Mode(say, tool="spawn_agent", namespace=AGENTS),
    "an agent": Mode(say, around=with_agent),
}


@pytest.mark.parametrize("name", MODES)
async def test_a_turn_ends_whatever_its_model_says_and_the_next_one_works(lab: Lab, name: str) -> None:
    mode = MODES[name]
    async with lab.run() as probe:
        for fault in FAULTS.values():
            thread_id = (await probe.start_thread(model="somebody-else", dynamicTools=[LOOKUP]))["id"]
            lab.script(answer(message("Hello.")))
            assert (await say(probe, thread_id))["status"] == "completed"
            said = [fault.said(mode.call)]
            if fault.goes_on and name != "compaction":
                said.append(answer(message("Sorry.", item_id="m_sorry")))
            lab.script(*mode.around(said))
            turn = await mode.begin(probe, thread_id)
            assert turn["status"] in ("completed", "failed")
            assert (turn["error"] is None) == (turn["status"] == "completed")
            assert turn["error"] is None or turn["error"]["message"]
            assert [one for one in lab.model.unused if isinstance(one, Answer)] == []
            lab.script(answer(message("Still here.", item_id="m_next")))
            after = await say(probe, thread_id)
            assert (after["status"], lab.model.unused) == ("completed", [])

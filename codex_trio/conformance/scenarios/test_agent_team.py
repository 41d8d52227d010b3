"""Agents of a team, called by their paths, that write to one another."""

import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Probe
from codex_trio.testing.model_script import (
    Answer,
    Gate,
    Request,
    answer,
    function_call,
    http_error,
    message,
    message_of,
)

NAMESPACE = "collaboration"
TEAM = "[features]\nmulti_agent_v2 = true\n"
ITEMS = ("subAgentActivity", "collabAgentToolCall")


def run(lab: Lab) -> AbstractAsyncContextManager[Probe]:
    """Run the server with teams switched on."""
    lab.configure(tables=TEAM)
    return lab.run()


def by_agent(request: Request) -> bool:
    """Return whether an agent asks."""
    return "x-openai-subagent" in request.headers


def agent_says(text: str) -> Answer:
    """Return what an agent says, whenever one asks."""
    return answer(message(text, item_id=f"of_{text}")).matching(by_agent)


def call(name: str, arguments: Mapping[str, Any], call_id: str) -> Answer:
    return answer(function_call(name, arguments, call_id=call_id, namespace=NAMESPACE))


def spawn(name: str, call_id: str = "spawn") -> Answer:
    """Return the start of an agent that knows nothing of the conversation."""
    return call("spawn_agent", {"task_name": name, "message": "Look", "fork_turns": "none"}, call_id)


def letters(request: Request) -> list[tuple[str, str, str]]:
    """Return kind, author and words of what agents wrote to whoever asks."""
    found: list[tuple[str, str, str]] = []
    for item in request.input:
        if item["type"] == "agent_message":
            head, _, payload = item["content"][0]["text"].partition("\nPayload:\n")
            sealed = "".join(part.get("encrypted_content", "") for part in item["content"])
            kind = head.splitlines()[0].removeprefix("Message Type: ")
            found.append((kind, item["author"], payload + sealed))
    return found


def last_of_root(lab: Lab) -> Request:
    """Return what the thread's own model was asked last."""
    return [request for request in lab.model.requests if not by_agent(request)][-1]


def items_of(turn: FinishedTurn, thread_id: str) -> list[dict[str, Any]]:
    """Return the thread's items on agents as they were completed, without their times."""
    completed = [params for params in turn.of("item/completed") if params["threadId"] == thread_id]
    return [timeless(params["item"]) for params in completed if params["item"]["type"] in ITEMS]


def timeless(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in ("startedAtMs", "completedAtMs")}


async def read_back(probe: Probe, thread_id: str) -> list[dict[str, Any]]:
    """Return the thread's items on agents as they are stored."""
    page = await probe.request("thread/turns/list", {"threadId": thread_id, "itemsView": "full"})
    return [timeless(item) for turn in page["data"] for item in turn["items"] if item["type"] in ITEMS]


async def finish(probe: Probe, thread_id: str, text: str = "Have it done") -> FinishedTurn:
    """Run a turn, whatever else goes on; all that came meanwhile."""
    before = len(probe.log.from_server)
    turn_id = await probe.start_turn(thread_id, text)
    await probe.until("turn/completed", thread_id=thread_id)
    return FinishedTurn(turn_id, probe.log.from_server[before:])


async def test_an_agent_gets_its_task_and_hands_in_what_it_says_last(lab: Lab) -> None:
    async with run(lab) as probe:
        lab.script(
            spawn("worker"),
            call("wait_agent", {"timeout_ms": 10_000}, "wait"),
            call("list_agents", {}, "list"),
            answer(message("Done.", item_id="m")),
            agent_says("found"),
        )
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        turn = await finish(probe, thread_id)
        last, [of_agent] = last_of_root(lab), list(filter(by_agent, lab.model.requests))
        assert last.output_of("spawn") == '{"task_name":"/root/worker"}'
        assert json.loads(last.output_of("wait")) == {"message": "Wait completed.", "timed_out": False}
        assert letters(of_agent) == [("NEW_TASK", "/root", "Look")]
        assert letters(last) == [("FINAL_ANSWER", "/root/worker", "found")]
        assert json.loads(last.output_of("list"))["agents"] == [
            {"agent_name": "/root", "agent_status": "running"},
            {"agent_name": "/root/worker", "agent_status": {"completed": "found"}},
        ]
        assert json.loads(of_agent.headers["x-codex-turn-metadata"])["agent_name"] == "/root/worker"
        items = items_of(turn, thread_id)
        assert [item.get("kind", item.get("tool")) for item in items] == ["started", "completed", "wait"]
        assert {item["agentPath"] for item in items[:2]} == {"/root/worker"}
        assert await read_back(probe, thread_id) == items


async def test_messages_wait_for_the_next_task(lab: Lab) -> None:
    async with run(lab) as probe:
        lab.script(
            spawn("worker"),
            call("wait_agent", {}, "wait"),
            call("send_message", {"target": "worker", "message": "By the way"}, "send"),
            call("followup_task", {"target": "/root/worker", "message": "Look again"}, "task"),
            call("wait_agent", {}, "wait_again"),
            answer(message("Done.", item_id="m")),
            agent_says("found"),
            agent_says("nothing more"),
        )
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        turn = await finish(probe, thread_id)
        first, second = filter(by_agent, lab.model.requests)
        assert letters(first) == [("NEW_TASK", "/root", "Look")]
        assert letters(second)[1:] == [("MESSAGE", "/root", "By the way"), ("NEW_TASK", "/root", "Look again")]
        last = last_of_root(lab)
        assert [last.output_of(name) for name in ("send", "task")] == ["", ""]
        assert letters(last)[-1] == ("FINAL_ANSWER", "/root/worker", "nothing more")
        kinds = [item["kind"] for item in items_of(turn, thread_id) if "kind" in item]
        assert kinds == ["started", "completed", "interacted", "interacted", "completed"]


async def test_a_stopped_agent_can_be_given_more_to_do(lab: Lab) -> None:
    is_at_work, never = Gate(), Gate()
    stop = function_call("interrupt_agent", {"target": "worker"}, call_id="stop", namespace=NAMESPACE)
    async with run(lab) as probe:
        lab.script(
            spawn("worker"),
            answer(is_at_work, stop),
            call("list_agents", {"path_prefix": "worker"}, "list"),
            call("followup_task", {"target": "worker", "message": "Look elsewhere"}, "task"),
            call("wait_agent", {}, "wait"),
            answer(message("Done.", item_id="m")),
            answer(message_of(["fou", never], item_id="of_agent")).matching(by_agent),
            agent_says("found"),
        )
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await probe.start_turn(thread_id)
        await probe.until("item/agentMessage/delta")
        is_at_work.open()
        await probe.until("turn/completed", thread_id=thread_id)
        last = last_of_root(lab)
        assert json.loads(last.output_of("stop")) == {"previous_status": "running"}
        assert json.loads(last.output_of("list"))["agents"] == [
            {"agent_name": "/root/worker", "agent_status": "interrupted"}
        ]
        assert letters(last) == [("FINAL_ANSWER", "/root/worker", "found")]


async def test_calls_that_make_no_sense(lab: Lab) -> None:
    async with run(lab) as probe:
        lab.script(
            spawn("worker"),
            call("wait_agent", {}, "wait"),
            spawn("worker", "again"),
            spawn("Bad Name", "bad_name"),
            call("spawn_agent", {"task_name": "a", "message": "x", "fork_turns": "some"}, "turns"),
            call("spawn_agent", {"task_name": "a", "message": " "}, "empty"),
            call("send_message", {"target": "nobody", "message": "x"}, "nobody"),
            call("followup_task", {"target": "/root", "message": "x"}, "task"),
            call("interrupt_agent", {"target": "/root"}, "stop"),
            answer(message("Done.", item_id="m")),
            agent_says("found"),
        )
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await finish(probe, thread_id)
        last = last_of_root(lab)
        assert last.output_of("again") == "agent path `/root/worker` already exists"
        assert last.output_of("bad_name") == "agent_name must use only lowercase letters, digits, and underscores"
        assert last.output_of("turns") == "fork_turns must be `none` or `all`"
        assert last.output_of("empty") == "Empty message can't be sent to an agent"
        assert last.output_of("nobody") == "live agent path `/root/nobody` not found"
        assert last.output_of("task") == "Follow-up tasks can't target the root agent"
        assert last.output_of("stop") == "root is not a spawned agent"


async def test_an_agent_may_know_the_conversation(lab: Lab) -> None:
    async with run(lab) as probe:
        lab.script(
            call("spawn_agent", {"task_name": "worker", "message": "Look"}, "spawn"),
            call("wait_agent", {}, "wait"),
            answer(message("Done.", item_id="m")),
            agent_says("found"),
        )
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await finish(probe, thread_id, "The secret word is beech")
        [of_agent] = filter(by_agent, lab.model.requests)
        assert "The secret word is beech" in of_agent.texts("user")
        assert letters(of_agent) == [("NEW_TASK", "/root", "Look")]


async def test_only_its_team_talks_to_an_agent(lab: Lab) -> None:
    async with run(lab) as probe:
        lab.script(
            spawn("worker"), call("wait_agent", {}, "wait"), answer(message("Done.", item_id="m")), agent_says("found")
        )
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        turn = await finish(probe, thread_id)
        agent = items_of(turn, thread_id)[0]["agentThreadId"]
        error = await probe.refusal("turn/start", {"threadId": agent, "input": [{"type": "text", "text": "Hi"}]})
        assert (error.code, error.message) == (
            -32600,
            "direct app-server input is not allowed for multi-agent v2 sub-agents",
        )
        assert (await probe.request("thread/read", {"threadId": agent}))["thread"]["canAcceptDirectInput"] is False


async def test_after_a_restart_an_agent_is_loaded_when_it_is_written_to(lab: Lab) -> None:
    async with run(lab) as probe:
        lab.script(
            spawn("worker"), call("wait_agent", {}, "wait"), answer(message("Done.", item_id="m")), agent_says("found")
        )
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        streamed = items_of(await finish(probe, thread_id), thread_id)
    async with run(lab) as probe:
        await probe.request("thread/resume", {"threadId": thread_id})
        assert await read_back(probe, thread_id) == streamed
        lab.script(
            call("list_agents", {}, "list"),
            call("followup_task", {"target": "worker", "message": "Look again"}, "task"),
            call("wait_agent", {}, "wait_again"),
            answer(message("Done.", item_id="m2")),
            agent_says("found more"),
        )
        await finish(probe, thread_id, "Go on")
        last = last_of_root(lab)
        assert json.loads(last.output_of("list"))["agents"] == [{"agent_name": "/root", "agent_status": "running"}]
        of_agent = [request for request in lab.model.requests if by_agent(request)][-1]
        assert letters(of_agent) == [("NEW_TASK", "/root", "Look"), ("NEW_TASK", "/root", "Look again")]
        assert letters(last)[-1] == ("FINAL_ANSWER", "/root/worker", "found more")


async def test_an_agent_that_fails_hands_in_why(lab: Lab) -> None:
    async with run(lab) as probe:
        lab.script(
            spawn("worker"),
            call("wait_agent", {"timeout_ms": 10_000}, "wait"),
            answer(message("Done.", item_id="m")),
            http_error(400, "no such thing").matching(by_agent),
        )
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await finish(probe, thread_id)
        last = last_of_root(lab)
        assert json.loads(last.output_of("wait"))["timed_out"] is False
        [(kind, author, words)] = letters(last)
        assert (kind, author) == ("FINAL_ANSWER", "/root/worker")
        assert "no such thing" in words

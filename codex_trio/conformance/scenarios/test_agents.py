"""Agents that work for a thread's model, called by their ids: they are threads of their own."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Probe
from codex_trio.testing.model_script import (
    Answer,
    Gate,
    Reply,
    Request,
    answer,
    function_call,
    http_error,
    message,
    message_of,
)

MODEL = "somebody-else"
"""Of a model that nothing is known of the tools for agents are offered at once."""

NAMESPACE = "multi_agent_v1"
ITEM = "collabAgentToolCall"
UNKNOWN = "01a22cef-5b56-7273-932d-746fda1ec78d"


def by_agent(request: Request) -> bool:
    """Return whether an agent asks."""
    return "x-openai-subagent" in request.headers


def agent_says(text: str) -> Answer:
    """Return what an agent says, whenever one asks."""
    return answer(message(text, item_id=f"of_{text}")).matching(by_agent)


def call(name: str, arguments: Mapping[str, Any], call_id: str) -> Answer:
    return answer(function_call(name, arguments, call_id=call_id, namespace=NAMESPACE))


def spawned(request: Request, call_id: str = "spawn") -> str:
    """Return the id of an agent that was started."""
    return json.loads(request.output_of(call_id))["agent_id"]


def about(name: str, key: str, call_id: str, **more: Any) -> Reply:
    """Return a call about the agent that was started first."""

    def reply(request: Request) -> Answer:
        target = spawned(request)
        return call(name, {key: [target] if key == "targets" else target, **more}, call_id)

    return reply


def output(request: Request, call_id: str) -> Any:
    """Return what the model was told, decoded where it is JSON."""
    text = request.output_of(call_id)
    return json.loads(text) if text.startswith("{") else text


def last_of_parent(lab: Lab) -> Request:
    """Return what the thread's own model was asked last."""
    return [request for request in lab.model.requests if not by_agent(request)][-1]


def items_of(turn: FinishedTurn, thread_id: str) -> list[dict[str, Any]]:
    """Return the thread's items on agents as they were completed, without their times."""
    completed = [params for params in turn.of("item/completed") if params["threadId"] == thread_id]
    return [timeless(params["item"]) for params in completed if params["item"]["type"] == ITEM]


def timeless(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in ("startedAtMs", "completedAtMs")}


async def read_back(probe: Probe, thread_id: str) -> list[dict[str, Any]]:
    """Return the thread's items on agents as they are stored."""
    page = await probe.request("thread/turns/list", {"threadId": thread_id, "itemsView": "full"})
    return [timeless(item) for turn in page["data"] for item in turn["items"] if item["type"] == ITEM]


async def finish(probe: Probe, thread_id: str, text: str = "Have it done") -> FinishedTurn:
    """Run a turn, whatever else goes on; all that came meanwhile."""
    before = len(probe.log.from_server)
    turn_id = await probe.start_turn(thread_id, text)
    await probe.until("turn/completed", thread_id=thread_id)
    return FinishedTurn(turn_id, probe.log.from_server[before:])


async def test_an_agent_works_beside_its_parent_and_reports(lab: Lab, probe: Probe) -> None:
    lab.script(
        call("spawn_agent", {"message": "Look"}, "spawn"),
        about("wait_agent", "targets", "wait"),
        about("close_agent", "target", "close"),
        answer(message("Done.", item_id="m")),
        agent_says("found"),
    )
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
    turn = await finish(probe, thread_id)
    last = last_of_parent(lab)
    agent = spawned(last)
    assert output(last, "wait") == {"status": {agent: {"completed": "found"}}, "timed_out": False}
    assert output(last, "close") == {"previous_status": {"completed": "found"}}
    told = {"agent_path": agent, "status": {"completed": "found"}}
    [note] = [text for text in last.texts("user") if text.startswith("<subagent_notification>")]
    assert json.loads(note.splitlines()[1]) == told
    started, waited, closed = items_of(turn, thread_id)
    assert (started["tool"], started["prompt"], started["receiverThreadIds"]) == ("spawnAgent", "Look", [agent])
    assert waited["agentsStates"] == {agent: {"status": "completed", "message": "found"}}
    assert (closed["tool"], closed["status"]) == ("closeAgent", "completed")
    assert await read_back(probe, thread_id) == [started, waited, closed]
    of_agent = [params for params in turn.of("turn/started", "turn/completed") if params["threadId"] == agent]
    assert [params["turn"]["rootTurnId"] for params in of_agent] == [turn.id, turn.id]
    assert agent not in [params["thread"]["id"] for params in turn.of("thread/started")]


async def test_an_agent_says_whose_it_is(lab: Lab, probe: Probe) -> None:
    lab.script(
        call("spawn_agent", {"message": "Look"}, "spawn"),
        about("wait_agent", "targets", "wait"),
        answer(message("Done.", item_id="m")),
        agent_says("found"),
    )
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
    await finish(probe, thread_id)
    [request] = filter(by_agent, lab.model.requests)
    agent, headers = spawned(last_of_parent(lab)), request.headers
    assert (headers["x-openai-subagent"], headers["x-codex-parent-thread-id"]) == ("collab_spawn", thread_id)
    assert (headers["session-id"], headers["thread-id"]) == (thread_id, agent)
    assert request.body["prompt_cache_key"] == thread_id
    told, by_parent = (json.loads(one.headers["x-codex-turn-metadata"]) for one in (request, lab.model.requests[0]))
    assert (told["session_id"], told["parent_thread_id"]) == (thread_id, thread_id)
    assert (told["subagent_kind"], told["thread_source"]) == ("thread_spawn", "subagent")
    assert told["installation_id"] == by_parent["installation_id"]
    assert (told["parent_turn_id"], told["root_turn_id"]) == (by_parent["turn_id"], by_parent["turn_id"])
    page = await probe.request("thread/list", {"sourceKinds": ["subAgentThreadSpawn"]})
    [listed] = page["data"]
    assert (listed["id"], listed["parentThreadId"]) == (agent, thread_id)
    read = await probe.request("thread/read", {"threadId": agent})
    assert (read["thread"]["sessionId"], read["thread"]["parentThreadId"]) == (thread_id, thread_id)
    assert (listed["preview"], listed["threadSource"]) == ("Look", None)
    source = listed["source"]["subAgent"]["thread_spawn"]
    assert (source["parent_thread_id"], source["depth"]) == (thread_id, 1)
    assert source["agent_nickname"] == listed["agentNickname"] == output(last_of_parent(lab), "spawn")["nickname"]
    assert [one["id"] for one in (await probe.request("thread/list", {}))["data"]] == [thread_id]


async def test_the_deepest_agents_have_none_of_their_own(lab: Lab, probe: Probe) -> None:
    lab.script(
        call("spawn_agent", {"message": "Look"}, "spawn"),
        about("wait_agent", "targets", "wait"),
        answer(message("Done.", item_id="m")),
        agent_says("found"),
    )
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
    await finish(probe, thread_id)
    [request] = filter(by_agent, lab.model.requests)
    assert NAMESPACE in lab.model.requests[0].tool_names
    assert NAMESPACE not in request.tool_names


async def test_agents_that_are_not_there_and_calls_that_make_no_sense(lab: Lab, probe: Probe) -> None:
    lab.script(
        call("wait_agent", {"targets": ["nobody"]}, "odd_id"),
        call("wait_agent", {"targets": []}, "no_id"),
        call("wait_agent", {"targets": [UNKNOWN]}, "wait"),
        call("send_input", {"target": UNKNOWN, "message": "Hi"}, "send"),
        call("close_agent", {"target": UNKNOWN}, "close"),
        call("resume_agent", {"id": UNKNOWN}, "resume"),
        call("spawn_agent", {"message": "a", "items": [{"type": "text", "text": "b"}]}, "both"),
        call("spawn_agent", {}, "neither"),
        call("spawn_agent", {"message": " "}, "empty"),
        call("spawn_agent", {"message": "a", "model": "none"}, "model"),
        call("spawn_agent", {"message": "a", "agent_type": "none"}, "role"),
        call("wait_agent", {"targets": [UNKNOWN], "timeout_ms": -1}, "time"),
        answer(message("Done.", item_id="m")),
    )
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
    turn = await finish(probe, thread_id)
    last = last_of_parent(lab)
    not_found = f"agent with id {UNKNOWN} not found"
    assert output(last, "odd_id").startswith("invalid agent id nobody: ")
    assert output(last, "no_id") == "agent ids must be non-empty"
    assert output(last, "wait") == {"status": {UNKNOWN: "not_found"}, "timed_out": False}
    assert [output(last, name) for name in ("send", "close", "resume")] == [not_found] * 3
    assert output(last, "both") == "Provide either message or items, but not both"
    assert output(last, "neither") == "Provide one of: message or items"
    assert output(last, "empty") == "Empty message can't be sent to an agent"
    assert output(last, "model").startswith("Unknown model `none` for spawn_agent. Available models: ")
    assert output(last, "role").startswith("unknown agent_type 'none'")
    assert output(last, "time") == "timeout_ms must be greater than zero"
    items = items_of(turn, thread_id)
    assert [(item["id"], item["status"]) for item in items] == [
        (name, "failed") for name in ("wait", "send", "close", "resume")
    ]
    assert items[0]["agentsStates"] == {UNKNOWN: {"status": "notFound", "message": None}}


async def test_no_more_agents_than_the_user_lets_there_be(lab: Lab) -> None:
    lab.configure(tables="[agents]\nmax_threads = 1\n")
    async with lab.run() as probe:
        lab.script(
            call("spawn_agent", {"message": "Look"}, "spawn"),
            about("wait_agent", "targets", "wait"),
            call("spawn_agent", {"message": "Look too"}, "second"),
            about("close_agent", "target", "close"),
            call("spawn_agent", {"message": "Look too"}, "third"),
            answer(message("Done.", item_id="m")),
            agent_says("found").repeated(),
        )
        thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
        turn = await finish(probe, thread_id)
        last = last_of_parent(lab)
        assert output(last, "second") == "collab spawn failed: agent thread limit reached"
        assert spawned(last, "third") != spawned(last)
        assert [item["status"] for item in items_of(turn, thread_id) if item["tool"] == "spawnAgent"] == [
            "completed",
            "failed",
            "completed",
        ]


async def test_an_agent_that_fails_says_why(lab: Lab, probe: Probe) -> None:
    lab.script(
        call("spawn_agent", {"message": "Look"}, "spawn"),
        about("wait_agent", "targets", "wait"),
        answer(message("Done.", item_id="m")),
        http_error(400, "no such thing").matching(by_agent),
    )
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
    turn = await finish(probe, thread_id)
    last = last_of_parent(lab)
    agent = spawned(last)
    assert "no such thing" in output(last, "wait")["status"][agent]["errored"]
    waited = items_of(turn, thread_id)[1]
    assert (waited["status"], waited["agentsStates"][agent]["status"]) == ("failed", "errored")


def wait_if_started(request: Request) -> Answer:
    """Return a call that waits for the agent that was started; words where there is none."""
    if not request.output_of("spawn").startswith("{"):
        return answer(message("No."))
    return call("wait_agent", {"targets": [spawned(request)]}, "wait")


async def spawn_with_defaults(lab: Lab, defaults: str, given: Mapping[str, Any]) -> FinishedTurn:
    """Run a turn that starts an agent under defaults of the user, who has a role `fast` too."""
    (lab.codex_home / "fast.toml").write_text('model = "gpt-6-luna"\nmodel_reasoning_effort = "low"\n')
    role = '[agents.fast]\ndescription = "Fast."\nconfig_file = "./fast.toml"\n'
    lab.configure(tables=f"[agents]\n{defaults}\n{role}")
    lab.script(
        call("spawn_agent", {"message": "Look", **given}, "spawn"),
        wait_if_started,
        answer(message("Done.", item_id="m")),
        agent_says("found"),
    )
    async with lab.run() as probe:
        return await finish(probe, (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"])


@pytest.mark.parametrize(
    ("given", "ran_with"),
    [
        ({}, ("gpt-5.5", "high")),
        ({"model": "gpt-6-sol", "reasoning_effort": "low"}, ("gpt-6-sol", "low")),
        ({"agent_type": "fast"}, ("gpt-6-luna", "low")),
    ],
)
async def test_agents_run_with_the_user_s_defaults_where_nobody_says(
    lab: Lab, given: dict[str, str], ran_with: tuple[str, str]
) -> None:
    defaults = 'default_subagent_model = "gpt-5.5"\ndefault_subagent_reasoning_effort = "high"'
    turn = await spawn_with_defaults(lab, defaults, given)
    [request] = filter(by_agent, lab.model.requests)
    assert (request.body["model"], request.body["reasoning"]["effort"]) == ran_with
    spawn = next(params["item"] for params in turn.of("item/completed") if params["item"]["type"] == ITEM)
    assert (spawn["model"], spawn["reasoningEffort"]) == ran_with


@pytest.mark.parametrize("key", ["model", "reasoning_effort"])
async def test_defaults_of_agents_that_are_not_there_are_told_to_the_model(lab: Lab, key: str) -> None:
    defaults = {"model": "gpt-5.5"} | {key: "nonesuch"}
    lines = "\n".join(f'default_subagent_{name} = "{value}"' for name, value in defaults.items())
    await spawn_with_defaults(lab, lines, {})
    assert "`nonesuch`" in last_of_parent(lab).output_of("spawn")


async def test_an_agent_asks_the_client_of_its_parent(lab: Lab) -> None:
    lab.configure(approval_policy="on-request", sandbox_mode="read-only")
    asked = {"cmd": "touch made", "sandbox_permissions": "require_escalated", "justification": "to make it"}
    async with lab.run() as probe:
        lab.script(
            call("spawn_agent", {"message": "Make it"}, "spawn"),
            about("wait_agent", "targets", "wait"),
            answer(message("Done.", item_id="m")),
            answer(function_call("exec_command", asked, call_id="make")).matching(by_agent),
            agent_says("not allowed"),
        )
        thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
        await probe.start_turn(thread_id)
        question = await probe.until("item/commandExecution/requestApproval")
        assert question["params"]["threadId"] != thread_id
        await probe.respond(question, {"decision": "decline"})
        await probe.until("turn/completed", thread_id=thread_id)
        last = last_of_parent(lab)
        assert output(last, "wait")["status"] == {question["params"]["threadId"]: {"completed": "not allowed"}}


async def test_agents_are_there_again_after_a_restart_when_they_are_asked_for(lab: Lab) -> None:
    lab.script(
        call("spawn_agent", {"message": "Look"}, "spawn"),
        about("wait_agent", "targets", "wait"),
        answer(message("Done.", item_id="m")),
        agent_says("found"),
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
        streamed = items_of(await finish(probe, thread_id), thread_id)
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id})
        assert (await probe.request("thread/loaded/list", {}))["data"] == [thread_id]
        assert await read_back(probe, thread_id) == streamed
        lab.script(
            about("send_input", "target", "too_early", message="More"),
            about("resume_agent", "id", "resume"),
            about("send_input", "target", "send", message="More"),
            about("wait_agent", "targets", "wait_again"),
            answer(message("Done.", item_id="m2")),
            agent_says("found more"),
        )
        await finish(probe, thread_id, "Go on")
        last = last_of_parent(lab)
        agent = spawned(last)
        assert output(last, "too_early") == f"agent with id {agent} not found"
        assert output(last, "resume") == {"status": "pending_init"}
        assert output(last, "wait_again")["status"] == {agent: {"completed": "found more"}}
        of_agent = [one for one in lab.model.requests if by_agent(one)][-1]
        assert of_agent.texts("user")[-2:] == ["Look", "More"]


async def test_agents_are_archived_and_deleted_with_their_parent(lab: Lab, probe: Probe) -> None:
    lab.script(
        call("spawn_agent", {"message": "Look"}, "spawn"),
        about("wait_agent", "targets", "wait"),
        answer(message("Done.", item_id="m")),
        agent_says("found"),
    )
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
    await finish(probe, thread_id)
    family = {thread_id, spawned(last_of_parent(lab))}
    await probe.request("thread/archive", {"threadId": thread_id})
    assert await told_of(probe, "thread/archived", len(family)) == family
    assert (await probe.request("thread/loaded/list", {}))["data"] == []
    await probe.request("thread/delete", {"threadId": thread_id})
    assert await told_of(probe, "thread/deleted", len(family)) == family
    assert lab.rollouts() == []


async def told_of(probe: Probe, method: str, count: int) -> set[str]:
    return {(await probe.until(method))["params"]["threadId"] for _ in range(count)}


async def test_what_agents_did_goes_along_with_a_fork_and_stays_when_a_later_turn_is_dropped(
    lab: Lab, probe: Probe
) -> None:
    lab.script(
        call("spawn_agent", {"message": "Look"}, "spawn"),
        about("wait_agent", "targets", "wait"),
        answer(message("Done.", item_id="m")),
        answer(message("And done.", item_id="m2")),
        agent_says("found"),
    )
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
    streamed = items_of(await finish(probe, thread_id), thread_id)
    later = await finish(probe, thread_id, "Once more")
    fork = await probe.request("thread/fork", {"threadId": thread_id})
    assert await read_back(probe, fork["thread"]["id"]) == streamed
    await probe.request("thread/revert", {"threadId": thread_id, "beforeTurnId": later.id})
    assert await read_back(probe, thread_id) == streamed


async def test_an_agent_cannot_end_itself(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
    lab.script(
        call("close_agent", {"target": thread_id}, "close"),
        call("send_input", {"target": thread_id, "message": "Hi", "interrupt": True}, "send"),
        answer(message("Done.", item_id="m")),
    )
    turn = await finish(probe, thread_id)
    assert [params["turn"]["status"] for params in turn.of("turn/completed")] == ["completed"]
    last = last_of_parent(lab)
    assert output(last, "close") == "an agent cannot close itself"
    assert output(last, "send") == "an agent cannot send input to itself"
    assert [item["status"] for item in items_of(turn, thread_id)] == ["failed", "failed"]


async def test_who_stops_a_turn_stops_the_agents_that_work_for_it(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(
        call("spawn_agent", {"message": "Look"}, "spawn"),
        about("wait_agent", "targets", "wait", timeout_ms=60_000),
        answer(message_of(["fou", gate, "nd"], item_id="of_agent")).matching(by_agent),
    )
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
    turn_id = await probe.start_turn(thread_id, "Have it done")
    waits = await probe.until("item/started", where=lambda params: params["item"].get("tool") == "wait")
    [agent] = waits["params"]["item"]["receiverThreadIds"]
    before = len(probe.log.from_server)
    await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
    await probe.until("turn/completed", thread_id=thread_id)
    ended = [one["params"] for one in probe.log.from_server[before:] if one.get("method") == "turn/completed"]
    assert [(one["threadId"], one["turn"]["status"]) for one in ended] == [
        (agent, "interrupted"),
        (thread_id, "interrupted"),
    ]
    # It can be given more to do. (The model may not have heard of its first task.)
    gate.open()
    lab.script(
        call("send_input", {"target": agent, "message": "Go on"}, "send"),
        call("wait_agent", {"targets": [agent]}, "again"),
        answer(message("Done.", item_id="m")),
        agent_says("found"),
    )
    await finish(probe, thread_id)
    assert output(last_of_parent(lab), "again")["status"] == {agent: {"completed": "found"}}


async def test_an_agent_that_works_for_an_earlier_turn_goes_on_when_a_later_one_is_stopped(lab: Lab) -> None:
    gate, other = Gate(), Gate()
    lab.script(
        call("spawn_agent", {"message": "Look"}, "spawn"),
        answer(message("It looks.", item_id="m1")),
        answer(message_of(["I ", gate, "see"], item_id="of_agent")).matching(by_agent),
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd), model=MODEL))["id"]
        await finish(probe, thread_id)
        lab.script(answer(message_of(["Hm", other, "."], item_id="m2")))
        turn_id = await probe.start_turn(thread_id, "Go on")
        await probe.until("item/agentMessage/delta", thread_id=thread_id)
        await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
        await probe.until("turn/completed", thread_id=thread_id)
        gate.open()
        ended = (await probe.until("turn/completed"))["params"]
        assert (ended["threadId"] != thread_id, ended["turn"]["status"]) == (True, "completed")

"""What a thread works towards by itself, turn after turn."""

from typing import Any

import msgspec
import pytest
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Answer, Gate, answer, function_call, http_error, message

NOBODY = "01a22ada-de99-7622-a8f7-27d308bf814c"
PER_ANSWER = 110
"""What an answer of the scripted model counts: what came from a cache does not."""


def says(words: str) -> Answer:
    return answer(message(words, item_id=f"msg_{words}"))


def updates(status: str) -> Answer:
    return answer(function_call("update_goal", {"status": status}, call_id=f"call_{status}"))


async def set_goal(probe: Probe, thread_id: str, **wish: Any) -> dict[str, Any]:
    return (await probe.request("thread/goal/set", {"threadId": thread_id, **wish}))["goal"]


async def goal_of(probe: Probe, thread_id: str) -> dict[str, Any]:
    return (await probe.request("thread/goal/get", {"threadId": thread_id}))["goal"]


async def becomes(probe: Probe, thread_id: str, status: str) -> dict[str, Any]:
    """Return the goal as it is told when it gets that status, once the turn that brought it about has ended."""
    told = await probe.until("thread/goal/updated", where=lambda params: params["goal"]["status"] == status)
    await probe.until("turn/completed", thread_id=thread_id)
    return told["params"]["goal"]


def told(probe: Probe) -> list[tuple[str, int]]:
    """Return what clients were told of goals."""
    goals = [each["params"]["goal"] for each in probe.log.from_server if each.get("method") == "thread/goal/updated"]
    return [(goal["status"], goal["tokensUsed"]) for goal in goals]


def turns_told(lab: Lab) -> list[dict[str, Any]]:
    """Return what the provider was told of the turn of each request."""
    return [msgspec.json.decode(request.headers["x-codex-turn-metadata"]) for request in lab.model.requests]


def began(probe: Probe) -> int:
    return probe.log.methods().count("turn/started")


async def no_turn_begins(probe: Probe) -> None:
    """Check that no turn begins for a while."""
    before = began(probe)
    await trio.sleep(0.1)
    assert began(probe) == before


async def test_turns_follow_one_another_until_the_model_says_that_the_goal_is_reached(lab: Lab, probe: Probe) -> None:
    lab.script(says("one"), says("two"), updates("complete"), says("done"))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    assert await probe.request("thread/goal/get", {"threadId": thread_id}) == {"goal": None}
    goal = await set_goal(probe, thread_id, objective="  Reach <it>  ", tokenBudget=10_000)
    assert goal == {
        "threadId": thread_id,
        "objective": "Reach <it>",
        "status": "active",
        "tokenBudget": 10_000,
        "tokensUsed": 0,
        "timeUsedSeconds": 0,
        "createdAt": goal["createdAt"],
        "updatedAt": goal["createdAt"],
    }
    goal = await becomes(probe, thread_id, "complete")
    # The reference tells it at times before it has counted the response that says so.
    assert goal["tokensUsed"] in (2 * PER_ANSWER, 3 * PER_ANSWER)
    assert goal["tokenBudget"] == 10_000
    assert told(probe)[:3] == [("active", 0), ("active", PER_ANSWER), ("active", 2 * PER_ANSWER)]
    assert began(probe) == 3
    known = await goal_of(probe, thread_id)
    assert known == {**goal, "tokensUsed": known["tokensUsed"], "updatedAt": known["updatedAt"]}
    assert known["tokensUsed"] >= goal["tokensUsed"]
    triggers = [
        msgspec.json.decode(each.headers["x-codex-turn-metadata"])["turn_trigger"] for each in lab.model.requests
    ]
    assert set(triggers) == {"goal"}
    # Clients see what the model says, and nothing of what it is told.
    page = await probe.request("thread/turns/list", {"threadId": thread_id, "sortDirection": "asc"})
    assert [[item["type"] for item in turn["items"]] for turn in page["data"]] == [["agentMessage"]] * 3
    listed = await probe.request("thread/list", {})
    assert [thread["preview"] for thread in listed["data"]] == ["Reach <it>"]
    assert await probe.request("thread/goal/clear", {"threadId": thread_id}) == {"cleared": True}
    await probe.until("thread/goal/cleared", thread_id=thread_id)
    assert await probe.request("thread/goal/clear", {"threadId": thread_id}) == {"cleared": False}


async def test_a_goal_that_cannot_be_is_refused(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    no_goal = f"cannot update goal for thread {thread_id}: no goal exists"
    refusals: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, no_goal),
        ({"status": "paused"}, no_goal),
        ({"objective": " "}, "goal objective must not be empty"),
        ({"objective": "x" * 4001}, "goal objective must be at most 4000 characters"),
        ({"objective": "x", "tokenBudget": 0}, "goal budgets must be positive when provided"),
    )
    for wish, words in refusals:
        refusal = await probe.refusal("thread/goal/set", {"threadId": thread_id, **wish})
        assert (refusal.code, refusal.message) == (-32600, words)
    assert await probe.request("thread/goal/get", {"threadId": thread_id}) == {"goal": None}


async def test_goals_of_threads_that_can_have_none_are_refused(lab: Lab, probe: Probe) -> None:
    ephemeral = (await probe.start_thread(cwd=str(lab.cwd), ephemeral=True))["id"]
    for method in ("get", "set", "clear"):
        refusal = await probe.refusal(f"thread/goal/{method}", {"threadId": NOBODY, "objective": "x"})
        assert (refusal.code, refusal.message) == (-32600, f"thread not found: {NOBODY}")
        refusal = await probe.refusal(f"thread/goal/{method}", {"threadId": ephemeral, "objective": "x"})
        words = f"ephemeral thread does not support goals: {ephemeral}"
        assert (refusal.code, refusal.message) == (-32600, words)


async def test_without_the_feature_there_are_no_goals(lab: Lab) -> None:
    lab.configure(tables="[features]\ngoals = false")
    lab.script(says("hello"))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        for method in ("get", "set", "clear"):
            refusal = await probe.refusal(f"thread/goal/{method}", {"threadId": thread_id, "objective": "x"})
            assert (refusal.code, refusal.message) == (-32600, "goals feature is disabled")
        await probe.run_turn(thread_id)
        assert not [tool for tool in lab.model.requests[0].body["tools"] if "goal" in tool.get("name", "")]


async def test_the_budget_ends_the_work_and_a_larger_one_lets_it_go_on(lab: Lab, probe: Probe) -> None:
    lab.script(*(says(f"m{number}") for number in range(5)))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await set_goal(probe, thread_id, objective="Reach it", tokenBudget=2 * PER_ANSWER)
    goal = await becomes(probe, thread_id, "budgetLimited")
    assert goal["tokensUsed"] == 2 * PER_ANSWER
    await no_turn_begins(probe)
    for wish in ({"status": "active"}, {"status": "paused"}, {"tokenBudget": 3 * PER_ANSWER}):
        assert (await set_goal(probe, thread_id, **wish))["status"] == "budgetLimited"
    assert (await set_goal(probe, thread_id, status="active"))["status"] == "active"
    goal = await becomes(probe, thread_id, "active")
    assert (await goal_of(probe, thread_id))["tokensUsed"] == 3 * PER_ANSWER
    assert began(probe) == 3


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (http_error(400, {"error": {"message": "no"}}), "blocked"),
        (http_error(429, {"error": {"message": "slow down"}}), "blocked"),
        (http_error(429, {"error": {"type": "usage_limit_reached", "message": "all used"}}), "usageLimited"),
    ],
    ids=["error", "rate limit", "usage limit"],
)
async def test_a_provider_that_fails_ends_the_work(lab: Lab, probe: Probe, failure: Answer, status: str) -> None:
    lab.script(says("one"), failure, says("two"))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await set_goal(probe, thread_id, objective="Reach it")
    await becomes(probe, thread_id, status)
    await no_turn_begins(probe)
    assert began(probe) == 2


async def test_a_model_that_does_nothing_is_not_asked_for_ever(lab: Lab, probe: Probe) -> None:
    lab.script(answer().repeated())
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await set_goal(probe, thread_id, objective="Reach it")
    await becomes(probe, thread_id, "blocked")
    await no_turn_begins(probe)
    assert began(probe) <= 10


async def test_an_interrupted_goal_waits_for_its_user_also_after_a_restart(lab: Lab) -> None:
    gate = Gate()
    lab.script(answer(gate, message("never said")), says("by itself"))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await set_goal(probe, thread_id, objective="Reach it", tokenBudget=PER_ANSWER)
        await gate.reached.wait()
        turn_id = (await probe.until("turn/started", thread_id=thread_id))["params"]["turn"]["id"]
        await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
        await probe.until("turn/completed", thread_id=thread_id)
        await no_turn_begins(probe)
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id})
        await no_turn_begins(probe)
        assert (await goal_of(probe, thread_id))["status"] == "paused"
        await set_goal(probe, thread_id, status="active")
        await becomes(probe, thread_id, "budgetLimited")


async def test_a_goal_outlives_a_restart_and_goes_on_when_its_thread_is_loaded(lab: Lab) -> None:
    gate = Gate()
    lab.script(says("one"), answer(gate, message("never said")), says("two"), says("three"))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await set_goal(probe, thread_id, objective="Reach it", tokenBudget=3 * PER_ANSWER)
        await gate.reached.wait()
    async with lab.run() as probe:
        goal = await goal_of(probe, thread_id)
        assert (goal["status"], goal["tokensUsed"]) == ("active", PER_ANSWER)
        await no_turn_begins(probe)
        await probe.request("thread/resume", {"threadId": thread_id})
        goal = await becomes(probe, thread_id, "budgetLimited")
        assert goal["tokensUsed"] == 3 * PER_ANSWER
        assert began(probe) == 2


async def test_messages_that_wait_come_before_the_next_turn_of_a_goal(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(answer(gate, message("one", item_id="m")), says("two"), says("three"))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await set_goal(probe, thread_id, objective="Reach it", tokenBudget=3 * PER_ANSWER)
    await gate.reached.wait()
    given = [{"type": "text", "text": "said meanwhile"}]
    await probe.request("thread/queue/add", {"threadId": thread_id, "input": given, "clientUserMessageId": "c"})
    gate.open()
    await becomes(probe, thread_id, "budgetLimited")
    assert [metadata["turn_trigger"] for metadata in turns_told(lab)] == ["goal", "queue", "goal"]


async def test_the_model_begins_a_goal_and_gives_it_up(lab: Lab, probe: Probe) -> None:
    lab.script(
        answer(
            function_call("get_goal", {}, call_id="none"),
            function_call("update_goal", {"status": "complete"}, call_id="nothing"),
            function_call("create_goal", {"objective": " Reach it ", "token_budget": 5000}, call_id="new"),
        ),
        answer(
            function_call("create_goal", {"objective": "Another"}, call_id="second"),
            function_call("update_goal", {"status": "active"}, call_id="odd"),
        ),
        says("begun"),
        updates("blocked"),
        says("stopped"),
    )
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.start_turn(thread_id, "Begin a goal")
    goal = await becomes(probe, thread_id, "blocked")
    assert (goal["objective"], goal["tokenBudget"]) == ("Reach it", 5000)
    await no_turn_begins(probe)
    assert began(probe) == 2
    outputs = {
        item["call_id"]: item["output"]
        for item in lab.model.requests[-1].input
        if item["type"] == "function_call_output" and "call_id" in item
    }
    assert msgspec.json.decode(outputs["none"])["goal"] is None
    assert outputs["nothing"] == "cannot update goal because this thread has no goal"
    new = msgspec.json.decode(outputs["new"])
    assert (new["goal"]["objective"], new["remainingTokens"]) == ("Reach it", 5000)
    assert outputs["second"].startswith("cannot create a new goal because this thread has an unfinished goal")
    assert outputs["odd"].startswith("update_goal can only mark the existing goal complete, blocked, or paused")
    assert msgspec.json.decode(outputs["call_blocked"])["goal"]["status"] == "blocked"


async def test_a_fork_takes_a_goal_along_when_it_is_asked_to(lab: Lab, probe: Probe) -> None:
    lab.script(says("hello"))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.run_turn(thread_id)
    await set_goal(probe, thread_id, objective="Reach it", status="paused", tokenBudget=70)
    fork = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]["id"]
    assert await probe.request("thread/goal/get", {"threadId": fork}) == {"goal": None}
    asked = {"threadId": thread_id, "deferGoalContinuation": True}
    fork = (await probe.request("thread/fork", asked))["thread"]["id"]
    goal = await goal_of(probe, fork)
    assert (goal["threadId"], goal["objective"], goal["tokenBudget"]) == (fork, "Reach it", 70)


@pytest.mark.parametrize("method", ["review/start", "thread/compact/start"])
async def test_work_on_a_goal_goes_on_after_what_took_the_place_of_its_turn(
    lab: Lab, probe: Probe, method: str
) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    gate = Gate()
    lab.script(answer(gate))
    await set_goal(probe, thread_id, objective="Do it.")
    with trio.fail_after(10):
        await gate.reached.wait()
    lab.script(says("other"), updates("complete"), says("done"))
    params = {"target": {"type": "custom", "instructions": "Look."}} if method == "review/start" else {}
    await probe.request(method, {"threadId": thread_id, **params})
    await becomes(probe, thread_id, "complete")
    assert "paused" not in [status for status, _ in told(probe)]
    assert len(lab.model.requests) == 4

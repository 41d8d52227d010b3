"""Cutting a thread's history back: `thread/revert`."""

from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe, statuses
from codex_trio.conformance.threads import UNKNOWN_THREAD, said, thread_with_turns, turn_ids
from codex_trio.testing.model_script import Gate, answer, message, message_of


async def revert(probe: Probe, thread_id: str, before: str) -> dict[str, Any]:
    """Return the thread after `thread/revert`, once everybody was told."""
    probe.log.skip()
    result = await probe.request("thread/revert", {"threadId": thread_id, "beforeTurnId": before})
    told = await probe.until("thread/reverted")
    assert told["params"] == {"threadId": thread_id}
    return result


async def test_a_turn_and_all_later_ones_are_dropped(lab: Lab, probe: Probe) -> None:
    thread_id, turns = await thread_with_turns(lab, probe)
    result = await revert(probe, thread_id, turns[1])
    thread = result["thread"]
    assert (thread["id"], thread["turns"], thread["status"]) == (thread_id, [], {"type": "idle"})
    assert thread["preview"] == "question 0"
    assert await turn_ids(probe, thread_id) == turns[:1]
    assert await said(lab, probe, thread_id) == (["question 0", "and now?"], ["Answer 0."])


async def test_the_clients_that_follow_a_thread_still_do_after_a_revert(lab: Lab, probe: Probe) -> None:
    thread_id, turns = await thread_with_turns(lab, probe)
    await revert(probe, thread_id, turns[2])
    told = [sent for sent in probe.log.from_server if sent.get("method") == "thread/status/changed"]
    assert statuses(told)[-2:] == [{"type": "notLoaded"}, {"type": "idle"}]
    lab.script(answer(message("Still here.")))
    turn = await probe.run_turn(thread_id)
    assert (turn.status, turn.text) == ("completed", "Still here.")


async def test_reverting_tells_where_to_read_backwards_from(lab: Lab, probe: Probe) -> None:
    thread_id, turns = await thread_with_turns(lab, probe)
    result = await revert(probe, thread_id, turns[2])
    page = await probe.request("thread/turns/list", {"threadId": thread_id, "cursor": result["turnsBackwardsCursor"]})
    assert [turn["id"] for turn in page["data"]] == [turns[1], turns[0]]
    params = {"threadId": thread_id, "cursor": result["itemsBackwardsCursor"], "sortDirection": "desc"}
    items = await probe.request("thread/items/list", params)
    assert [entry["turnId"] for entry in items["data"]] == [turns[1], turns[1], turns[0], turns[0]]


async def test_reverting_to_before_the_first_turn_leaves_nothing(lab: Lab, probe: Probe) -> None:
    thread_id, turns = await thread_with_turns(lab, probe)
    result = await revert(probe, thread_id, turns[0])
    assert (result["turnsBackwardsCursor"], result["itemsBackwardsCursor"]) == (None, None)
    assert await turn_ids(probe, thread_id) == []
    assert await said(lab, probe, thread_id) == (["and now?"], [])


async def test_a_reverted_thread_can_be_reverted_again_and_read_by_the_next_server(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, turns = await thread_with_turns(lab, probe)
        await revert(probe, thread_id, turns[2])
        lab.script(answer(message("Another way.", item_id="m5")))
        other = (await probe.run_turn(thread_id, "question 3")).id
        lab.script(answer(message("And on.", item_id="m6")))
        last = (await probe.run_turn(thread_id, "question 4")).id
        await revert(probe, thread_id, last)
        assert await turn_ids(probe, thread_id) == [*turns[:2], other]
    async with lab.run() as probe:
        assert await turn_ids(probe, thread_id) == [*turns[:2], other]
        resumed = (await probe.request("thread/resume", {"threadId": thread_id}))["thread"]
        assert [turn["id"] for turn in resumed["turns"]] == [*turns[:2], other]
        assert await said(lab, probe, thread_id) == (
            ["question 0", "question 1", "question 3", "and now?"],
            ["Answer 0.", "Answer 1.", "Another way."],
        )


async def test_a_running_turn_is_interrupted_by_a_revert(lab: Lab, probe: Probe) -> None:
    thread_id, turns = await thread_with_turns(lab, probe, 2)
    lab.script(answer(message_of(["Wor", Gate(), "king."], item_id="m4")))
    running = await probe.start_turn(thread_id, "question 2")
    await probe.until("item/agentMessage/delta")
    await revert(probe, thread_id, turns[1])
    [ended] = [
        sent["params"]["turn"]
        for sent in probe.log.from_server
        if sent.get("method") == "turn/completed" and sent["params"]["turn"]["id"] == running
    ]
    assert ended["status"] == "interrupted"
    assert await turn_ids(probe, thread_id) == turns[:1]


async def test_a_fork_keeps_what_its_source_dropped(lab: Lab, probe: Probe) -> None:
    thread_id, turns = await thread_with_turns(lab, probe)
    fork = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]["id"]
    await revert(probe, thread_id, turns[1])
    assert await turn_ids(probe, fork) == turns
    assert await turn_ids(probe, thread_id) == turns[:1]


async def test_a_reverted_thread_is_listed_once(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, turns = await thread_with_turns(lab, probe)
        await revert(probe, thread_id, turns[1])
        rows = (await probe.request("thread/list"))["data"]
        assert [row["id"] for row in rows] == [thread_id]
    async with lab.run() as probe:
        rows = (await probe.request("thread/list"))["data"]
        assert [(row["id"], row["preview"]) for row in rows] == [(thread_id, "question 0")]


async def test_what_cannot_be_reverted_is_refused(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    ephemeral = (await probe.start_thread(ephemeral=True))["id"]
    fresh = (await probe.start_thread())["id"]
    for target, text in (
        (thread_id, "turn not found: zz"),
        (UNKNOWN_THREAD, f"thread not found: {UNKNOWN_THREAD}"),
        (ephemeral, "ephemeral threads do not support thread/revert"),
        (fresh, f"no rollout found for thread id {fresh}"),
    ):
        error = await probe.refusal("thread/revert", {"threadId": target, "beforeTurnId": "zz"})
        assert (error.code, error.message) == (-32600, text)
    assert len(await turn_ids(probe, thread_id)) == 1


async def test_a_thread_can_be_reverted_to_before_an_earlier_revert(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id, turns = await thread_with_turns(lab, probe)
        await revert(probe, thread_id, turns[2])
        lab.script(answer(message("Another way.", item_id="m5")))
        await probe.run_turn(thread_id, "question 3")
        await revert(probe, thread_id, turns[1])
        assert await turn_ids(probe, thread_id) == turns[:1]
    async with lab.run() as probe:
        assert await turn_ids(probe, thread_id) == turns[:1]
        fork = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]["id"]
        assert await said(lab, probe, fork) == (["question 0", "and now?"], ["Answer 0."])


async def test_a_reverted_fork_is_still_a_fork(lab: Lab, probe: Probe) -> None:
    thread_id, turns = await thread_with_turns(lab, probe)
    fork = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]["id"]
    thread = (await revert(probe, fork, turns[1]))["thread"]
    assert (thread["id"], thread["forkedFromId"]) == (fork, thread_id)
    assert await turn_ids(probe, fork) == turns[:1]
    assert await turn_ids(probe, thread_id) == turns

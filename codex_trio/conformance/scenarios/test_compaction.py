"""Summing up a thread's history to make room."""

from typing import Any

import msgspec

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Probe
from codex_trio.testing.model_script import Gate, answer, http_error, item_done, message, message_of

ITEM = "contextCompaction"


async def talked(lab: Lab, probe: Probe) -> str:
    """Return a thread with one finished turn."""
    lab.script(answer(message("Hello.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.run_turn(thread_id, "Hi")
    return thread_id


async def compacting(probe: Probe, thread_id: str) -> str:
    """Start summing up; return the turn that does."""
    probe.log.skip()
    assert await probe.request("thread/compact/start", {"threadId": thread_id}) == {}
    return (await probe.until("turn/started", thread_id=thread_id))["params"]["turn"]["id"]


async def compacted(lab: Lab, probe: Probe, thread_id: str, summary: str) -> FinishedTurn:
    """Have the thread summed up so."""
    lab.script(answer(message(summary, item_id="summary")))
    return await probe.finish_turn(await compacting(probe, thread_id))


def words(request: Any) -> list[str]:
    """Return what a request holds in the user's name, but for what tells of the environment."""
    return [text for text in request.texts("user") if not text.startswith("<environment_context>")]


async def test_a_summary_takes_the_place_of_what_was_said(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe)
    turn = await compacted(lab, probe, thread_id, "They said hello.")
    assert (turn.status, turn.final["items"]) == ("completed", [])
    [item] = turn.items()
    assert (item["type"], len(turn.started(ITEM))) == (ITEM, 1)
    counted, estimated = [one["tokenUsage"] for one in turn.of("thread/tokenUsage/updated")][-2:]
    assert (counted["total"]["totalTokens"], counted["last"]["totalTokens"]) == (240, 120)
    assert estimated["total"] == counted["total"]
    assert {name for name, value in estimated["last"].items() if value} == {"totalTokens"}
    assert "thread/readState/changed" not in turn.methods
    lab.script(answer(message("Again.", item_id="m3")))
    await probe.run_turn(thread_id, "Next")
    asked, after = lab.model.requests[1:]
    assert (asked.texts("assistant"), after.texts("assistant")) == (["Hello."], [])
    assert words(asked)[0] == words(after)[0] == "Hi"
    assert "They said hello." in words(after)[1]
    assert words(after)[2:] == ["Next"]


async def test_the_request_for_a_summary_offers_no_tools_and_says_what_it_is(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe)
    await compacted(lab, probe, thread_id, "They said hello.")
    lab.script(answer(message("Again.", item_id="m3")))
    await probe.run_turn(thread_id, "Next")
    asked, after = lab.model.requests[1:]
    assert (asked.body["tools"], asked.body["parallel_tool_calls"]) == ([], False)
    assert [one.headers["x-codex-window-id"] for one in (asked, after)] == [f"{thread_id}:0", f"{thread_id}:1"]
    told = msgspec.json.decode(asked.headers["x-codex-turn-metadata"])
    assert (told["request_kind"], told["window_number"]) == ("compaction", 0)
    assert (told["compaction"]["trigger"], told["compaction"]["phase"]) == ("manual", "standalone_turn")
    assert msgspec.json.decode(after.headers["x-codex-turn-metadata"])["window_number"] == 1


async def test_the_user_may_say_how_a_summary_is_asked_for(lab: Lab) -> None:
    lab.configure(extra='compact_prompt = "Sum it up in one word."')
    async with lab.run() as probe:
        thread_id = await talked(lab, probe)
        await compacted(lab, probe, thread_id, "Hello.")
        assert words(lab.model.requests[-1]) == ["Hi", "Sum it up in one word."]


async def test_a_thread_that_was_resumed_goes_on_from_its_summary(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id = await talked(lab, probe)
        turn = await compacted(lab, probe, thread_id, "They said hello.")
    async with lab.run() as probe:
        resumed = (await probe.request("thread/resume", {"threadId": thread_id}))["thread"]
        assert [[item["type"] for item in one["items"]] for one in resumed["turns"]] == [
            ["userMessage", "agentMessage"],
            [ITEM],
        ]
        assert resumed["turns"][1]["id"] == turn.id
        lab.script(answer(message("Again.", item_id="m3")))
        await probe.run_turn(thread_id, "Next")
        request = lab.model.requests[-1]
        assert request.texts("assistant") == []
        assert words(request)[::2] == ["Hi", "Next"]
        assert "They said hello." in words(request)[1]
        assert request.headers["x-codex-window-id"] == f"{thread_id}:1"


async def test_a_fork_goes_on_from_the_summary_too(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe)
    await compacted(lab, probe, thread_id, "They said hello.")
    fork_id = (await probe.request("thread/fork", {"threadId": thread_id}))["thread"]["id"]
    lab.script(answer(message("Again.", item_id="m3")))
    await probe.run_turn(fork_id, "Next")
    assert lab.model.requests[-1].texts("assistant") == []
    assert "They said hello." in words(lab.model.requests[-1])[1]


async def test_a_thread_that_is_cut_back_to_before_its_summary_is_as_it_was(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe)
    turn = await compacted(lab, probe, thread_id, "They said hello.")
    await probe.request("thread/revert", {"threadId": thread_id, "beforeTurnId": turn.id})
    lab.script(answer(message("Again.", item_id="m3")))
    await probe.run_turn(thread_id, "Next")
    assert words(lab.model.requests[-1]) == ["Hi", "Next"]
    assert lab.model.requests[-1].texts("assistant") == ["Hello."]


async def test_a_second_summary_takes_the_place_of_the_first(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe)
    await compacted(lab, probe, thread_id, "They said hello.")
    lab.script(answer(message("Again.", item_id="m3")))
    await probe.run_turn(thread_id, "Next")
    await compacted(lab, probe, thread_id, "They greeted twice.")
    lab.script(answer(message("Once more.", item_id="m4")))
    await probe.run_turn(thread_id, "Last")
    said = words(lab.model.requests[-1])
    assert (said[:2], said[3:]) == (["Hi", "Next"], ["Last"])
    assert "They greeted twice." in said[2]
    assert lab.model.requests[-1].headers["x-codex-window-id"] == f"{thread_id}:2"


async def test_a_thread_in_which_nothing_was_said_can_be_summed_up(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    assert (await compacted(lab, probe, thread_id, "Nothing yet.")).status == "completed"


async def test_a_summary_that_fails_leaves_the_history_as_it_was(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe)
    lab.script(http_error(400, {"error": {"message": "no summaries here"}}))
    turn = await probe.finish_turn(await compacting(probe, thread_id))
    assert turn.status == "failed"
    assert "no summaries here" in turn.error["message"]
    [error] = turn.of("error")
    assert error["error"] == turn.error
    lab.script(answer(message("Again.", item_id="m3")))
    await probe.run_turn(thread_id, "Next")
    assert words(lab.model.requests[-1]) == ["Hi", "Next"]
    assert lab.model.requests[-1].texts("assistant") == ["Hello."]


async def test_what_a_model_refuses_to_sum_up_or_has_nothing_to_say_of_stays_as_it_is(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe)
    refusal = [{"type": "refusal", "refusal": "I will not."}]
    refused = {"type": "message", "role": "assistant", "id": "refused", "content": refusal}
    for reply, why in ((answer(item_done(refused)), "I will not."), (answer(), "")):
        lab.script(reply)
        turn = await probe.finish_turn(await compacting(probe, thread_id))
        assert turn.status == "failed"
        assert why in turn.error["message"]
    lab.script(answer(message("Again.", item_id="m3")))
    await probe.run_turn(thread_id, "Next")
    assert words(lab.model.requests[-1]) == ["Hi", "Next"]
    assert lab.model.requests[-1].texts("assistant") == ["Hello."]


async def test_what_is_too_long_even_to_be_summed_up_goes_bit_by_bit(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe)
    too_long = {"error": {"code": "context_length_exceeded", "message": "too long"}}
    lab.script(http_error(400, too_long), http_error(400, too_long))
    lab.script(answer(message("They said hello.", item_id="summary")))
    turn = await probe.finish_turn(await compacting(probe, thread_id))
    assert turn.status == "completed"
    lengths = [len(request.body["input"]) for request in lab.model.requests[1:]]
    assert lengths[0] > lengths[1] > lengths[2]


async def test_summing_up_can_be_stopped_and_takes_no_input(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe)
    gate = Gate()
    lab.script(answer(message_of(["They ", gate, "said"], item_id="summary")))
    turn_id = await compacting(probe, thread_id)
    await gate.reached.wait()
    given = [{"type": "text", "text": "And?"}]
    steer = {"threadId": thread_id, "expectedTurnId": turn_id, "input": given}
    error = await probe.refusal("turn/steer", steer)
    assert (error.code, error.message) == (-32600, "cannot steer a compact turn")
    assert error.data["codexErrorInfo"] == {"activeTurnNotSteerable": {"turnKind": "compact"}}
    error = await probe.refusal("turn/start", {"threadId": thread_id, "input": given})
    assert (error.code, "ActiveTurnNotSteerable { turn_kind: Compact }" in error.message) == (-32603, True)
    await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
    assert (await probe.finish_turn(turn_id)).status == "interrupted"
    lab.script(answer(message("Again.", item_id="m3")))
    await probe.run_turn(thread_id, "Next")
    said = words(lab.model.requests[-1])
    assert (said[0], said[-1]) == ("Hi", "Next")
    assert lab.model.requests[-1].texts("assistant") == ["Hello."]


async def test_a_turn_that_runs_is_stopped_to_sum_up(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe)
    lab.script(answer(message_of(["Wor", Gate(), "king."], item_id="m2")))
    running = await probe.start_turn(thread_id, "Work")
    await probe.until("item/agentMessage/delta")
    lab.script(answer(message("They said hello, and want work.", item_id="summary")))
    await probe.request("thread/compact/start", {"threadId": thread_id})
    ended = await probe.until("turn/completed", thread_id=thread_id)
    assert (ended["params"]["turn"]["id"], ended["params"]["turn"]["status"]) == (running, "interrupted")
    ended = await probe.until("turn/completed", thread_id=thread_id)
    assert ended["params"]["turn"]["status"] == "completed"
    assert words(lab.model.requests[-1])[:2] == ["Hi", "Work"]

"""Making room without being asked: before a turn, in the middle of one, for another model, and after a refusal."""

from typing import Any

import msgspec
import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Probe
from codex_trio.testing.model_script import Answer, Gate, Usage, answer, function_call, http_error, message, message_of

ITEM = "contextCompaction"
LIMIT = "model_auto_compact_token_limit = 4000"
TOO_LONG = {"error": {"code": "context_length_exceeded", "message": "too long"}}


def used(tokens: int) -> Usage:
    return Usage(input_tokens=tokens - 10, cached_tokens=0, output_tokens=10, reasoning_tokens=0)


def says(text: str, tokens: int = 120) -> Answer:
    return answer(message(text, item_id=f"msg_{text}"), usage=used(tokens))


async def talked(lab: Lab, probe: Probe, tokens: int, **params: Any) -> str:
    """Return a thread whose first turn used so many tokens."""
    lab.script(says("Hello", tokens))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), **params))["id"]
    await probe.run_turn(thread_id, "Hi")
    return thread_id


def told(request: Any) -> dict[str, Any]:
    """Return what a provider is told of a request."""
    return msgspec.json.decode(request.headers["x-codex-turn-metadata"])


def words(request: Any) -> list[str]:
    """Return what a request holds in the user's name, but for what tells of the environment."""
    return [text for text in request.texts("user") if not text.startswith("<environment_context>")]


def story(turn: FinishedTurn) -> list[str]:
    """Return which items were completed, in order."""
    return [item["type"] for item in turn.items()]


async def test_a_history_is_summed_up_before_a_turn(lab: Lab) -> None:
    lab.configure(extra=LIMIT)
    async with lab.run() as probe:
        thread_id = await talked(lab, probe, 5010)
        lab.script(says("They greeted."), says("Fine"))
        turn = await probe.run_turn(thread_id, "Next")
    assert (turn.status, story(turn)) == ("completed", [ITEM, "userMessage", "agentMessage"])
    counts = [one["tokenUsage"] for one in turn.of("thread/tokenUsage/updated")][-3:]
    assert [one["total"]["totalTokens"] for one in counts] == [5130, 5130, 5250]
    assert counts[1]["last"]["totalTokens"] > 1000, "what the new history takes is estimated"
    asked, after = lab.model.requests[1:]
    assert (asked.body["tools"], words(asked)[0]) == ([], "Hi")
    assert "Next" not in words(asked)
    assert told(asked)["compaction"] == {
        "trigger": "auto",
        "reason": "context_limit",
        "implementation": "responses",
        "phase": "pre_turn",
        "strategy": "memento",
    }
    assert (told(asked)["window_number"], told(after)["window_number"]) == (0, 1)
    assert (words(after)[0], words(after)[2:]) == ("Hi", ["Next"])
    assert "They greeted." in words(after)[1]


async def test_a_history_is_summed_up_in_the_middle_of_a_turn(lab: Lab) -> None:
    lab.configure(extra=LIMIT)
    lab.script(answer(function_call("no_such_tool", {}, call_id="c1"), usage=used(5010)))
    lab.script(says("Half done."), says("Fine"))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        turn = await probe.run_turn(thread_id, "Work")
    assert (turn.status, story(turn)) == ("completed", ["userMessage", ITEM, "agentMessage"])
    asked, after = lab.model.requests[1:]
    assert told(asked)["compaction"]["phase"] == "mid_turn"
    assert asked.output_of("c1")
    assert [item for item in after.input if item["type"] != "message"] == []
    assert words(after)[0] == "Work"
    assert "Half done." in words(after)[1]


@pytest.mark.parametrize(("limit", "tokens", "is_due"), [("", 8900, False), ("", 9100, True), ("20000", 9100, True)])
async def test_nine_tenths_of_the_window_are_the_limit_at_most(
    lab: Lab, limit: str, tokens: int, *, is_due: bool
) -> None:
    own = limit and f"model_auto_compact_token_limit = {limit}"
    lab.configure(extra=f"model_context_window = 10000\n{own}")
    async with lab.run() as probe:
        thread_id = await talked(lab, probe, tokens)
        lab.script(says("They greeted."), says("Fine"))
        assert (ITEM in story(await probe.run_turn(thread_id, "Next"))) == is_due


async def test_the_limit_may_count_from_what_the_window_began_with(lab: Lab) -> None:
    lab.configure(extra=f'{LIMIT}\nmodel_auto_compact_token_limit_scope = "body_after_prefix"')
    async with lab.run() as probe:
        thread_id = await talked(lab, probe, 5010)
        lab.script(says("More", 9100), says("They greeted."), says("Fine"))
        assert ITEM not in story(await probe.run_turn(thread_id, "Two"))
        assert ITEM in story(await probe.run_turn(thread_id, "Three"))


async def test_a_model_with_a_smaller_window_goes_on_from_what_the_larger_one_sums_up(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe, 300_000, model="gpt-6.2-sol")
    lab.script(says("They greeted."), says("Fine"))
    turn = await probe.run_turn(thread_id, "Next", model="gpt-6-sol")
    assert story(turn) == [ITEM, "userMessage", "agentMessage"]
    models = ["gpt-6.2-sol", "gpt-6.2-sol", "gpt-6-sol"]
    assert [request.body["model"] for request in lab.model.requests] == models
    assert told(lab.model.requests[1])["compaction"]["reason"] == "model_downshift"
    windows = [one["tokenUsage"]["modelContextWindow"] for one in turn.of("thread/tokenUsage/updated")]
    assert windows[-3:] == [475_000, 258_400, 258_400]


async def test_a_model_that_cannot_read_what_another_sealed_goes_on_from_a_summary(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe, 100, model="gpt-5.5")
    lab.script(says("They greeted."), says("Fine"))
    assert ITEM in story(await probe.run_turn(thread_id, "Next", model="gpt-6-sol"))
    assert told(lab.model.requests[1])["compaction"]["reason"] == "comp_hash_changed"
    assert [request.body["model"] for request in lab.model.requests] == ["gpt-5.5", "gpt-5.5", "gpt-6-sol"]


async def test_after_the_model_said_that_it_is_too_much_room_is_made(lab: Lab, probe: Probe) -> None:
    thread_id = await talked(lab, probe, 100)
    lab.script(http_error(400, TOO_LONG))
    turn = await probe.run_turn(thread_id, "Boom")
    assert (turn.status, turn.error["codexErrorInfo"]) == ("failed", "contextWindowExceeded")
    lab.script(says("They greeted."), says("Fine"))
    turn = await probe.run_turn(thread_id, "Next")
    assert (turn.status, story(turn)) == ("completed", [ITEM, "userMessage", "agentMessage"])
    said = words(lab.model.requests[-1])
    assert (said[:2], said[3:]) == (["Hi", "Boom"], ["Next"])


async def test_a_summary_that_fails_ends_the_turn_and_loses_nothing(lab: Lab) -> None:
    lab.configure(extra=LIMIT)
    async with lab.run() as probe:
        thread_id = await talked(lab, probe, 5010)
        lab.script(http_error(400, {"error": {"message": "no summaries here"}}))
        turn = await probe.run_turn(thread_id, "Next")
        assert (turn.status, story(turn)) == ("failed", ["userMessage"])
        assert "no summaries here" in turn.error["message"]
        lab.script(says("They greeted."), says("Fine"))
        assert (await probe.run_turn(thread_id, "After")).status == "completed"
    asked, after = lab.model.requests[-2:]
    assert (asked.texts("assistant"), words(asked)[:2]) == (["Hello"], ["Hi", "Next"])
    assert (words(after)[:2], words(after)[3:]) == (["Hi", "Next"], ["After"])


async def test_a_turn_that_is_stopped_while_room_is_made_keeps_what_it_began_with(lab: Lab) -> None:
    lab.configure(extra=LIMIT)
    async with lab.run() as probe:
        thread_id = await talked(lab, probe, 5010)
        gate = Gate()
        lab.script(answer(message_of(["They ", gate, "greeted."], item_id="summary")))
        turn_id = await probe.start_turn(thread_id, "Next")
        await gate.reached.wait()
        await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
        turn = await probe.finish_turn(turn_id)
        assert (turn.status, story(turn)) == ("interrupted", ["userMessage"])
        lab.script(says("They greeted."), says("Fine"))
        assert (await probe.run_turn(thread_id, "After")).status == "completed"
    assert [text for text in words(lab.model.requests[-1]) if text in ("Hi", "Next", "After")] == [
        "Hi",
        "Next",
        "After",
    ]


async def test_a_thread_that_is_resumed_goes_on_from_the_summary_of_a_turn(lab: Lab) -> None:
    lab.configure(extra=LIMIT)
    async with lab.run() as probe:
        thread_id = await talked(lab, probe, 5010)
        lab.script(says("They greeted."), says("Fine"))
        await probe.run_turn(thread_id, "Next")
    async with lab.run() as probe:
        resumed = (await probe.request("thread/resume", {"threadId": thread_id}))["thread"]
        assert [item["type"] for item in resumed["turns"][1]["items"]] == [ITEM, "userMessage", "agentMessage"]
        lab.script(says("Good"))
        await probe.run_turn(thread_id, "Last")
    request = lab.model.requests[-1]
    assert request.texts("assistant") == ["Fine"]
    said = words(request)
    assert (said[0], said[2:]) == ("Hi", ["Next", "Last"])
    assert "They greeted." in said[1]

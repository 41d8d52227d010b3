"""Turns without tools: the order and shape of their messages, streaming, usage, overrides, several threads."""

import pytest
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe, statuses, without
from codex_trio.conformance.shapes import ANY_INT, ANY_UUID
from codex_trio.testing.model_script import (
    Gate,
    Usage,
    answer,
    custom_tool_call,
    function_call,
    item_done,
    message,
    message_of,
    reasoning,
)

CONTEXT_WINDOW = 258_400
LATE = ("thread/readState/changed",)


def new_turn(turn_id: str) -> Message:
    """Return the Turn object of a turn that was just accepted."""
    return {
        "id": turn_id,
        "rootTurnId": turn_id,
        "items": [],
        "itemsView": "notLoaded",
        "status": "inProgress",
        "error": None,
        "startedAt": None,
        "completedAt": None,
        "durationMs": None,
    }


def agent_message(item_id: str, text: str, *, phase: str | None = None, completed: bool = True) -> Message:
    """Return an agentMessage item."""
    return {
        "type": "agentMessage",
        "moderation": None,
        "id": item_id,
        "text": text,
        "phase": phase,
        "memoryCitation": None,
        "delivery": None,
        "questions": None,
        "startedAtMs": ANY_INT,
        "completedAtMs": ANY_INT if completed else None,
    }


async def test_a_plain_turn_sends_exactly_these_messages_in_this_order(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message_of(["Hel", "lo."], item_id="m1", phase="final_answer")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    await probe.until("thread/started")
    turn = await probe.run_turn(thread_id, "Hi")
    where = {"threadId": thread_id, "turnId": turn.id}
    user: Message = {
        "type": "userMessage",
        "id": ANY_UUID,
        "clientId": None,
        "content": [{"type": "text", "text": "Hi", "text_elements": []}],
        "startedAtMs": ANY_INT,
    }
    usage = {
        "totalTokens": 120,
        "inputTokens": 100,
        "cachedInputTokens": 10,
        "cacheWriteInputTokens": 0,
        "outputTokens": 20,
        "reasoningOutputTokens": 5,
    }
    limits = dict.fromkeys(
        (
            "limitName",
            "normalModelSlug",
            "primary",
            "secondary",
            "credits",
            "individualLimit",
            "spendControlReached",
            "planType",
            "rateLimitReachedType",
        )
    )
    final = {
        **new_turn(turn.id),
        "items": [agent_message("m1", "Hello.", phase="final_answer")],
        "itemsView": "summary",
        "status": "completed",
        "startedAt": ANY_INT,
        "completedAt": ANY_INT,
        "durationMs": ANY_INT,
    }
    expected: list[tuple[str, Message]] = [
        ("thread/status/changed", {"threadId": thread_id, "status": {"type": "active", "activeFlags": []}}),
        ("turn/started", {"threadId": thread_id, "turn": {**new_turn(turn.id), "startedAt": ANY_INT}}),
        ("item/started", {"item": {**user, "completedAtMs": None}, **where, "startedAtMs": ANY_INT}),
        (
            "item/completed",
            {
                "item": {**user, "completedAtMs": ANY_INT},
                **where,
                "contentTokenCount": None,
                "completedAtMs": ANY_INT,
            },
        ),
        (
            "item/started",
            {
                "item": agent_message("m1", "", phase="final_answer", completed=False),
                **where,
                "startedAtMs": ANY_INT,
            },
        ),
        ("item/agentMessage/delta", {**where, "itemId": "m1", "delta": "Hel"}),
        ("item/agentMessage/delta", {**where, "itemId": "m1", "delta": "lo."}),
        (
            "item/completed",
            {
                "item": agent_message("m1", "Hello.", phase="final_answer"),
                **where,
                "contentTokenCount": None,
                "completedAtMs": ANY_INT,
            },
        ),
        (
            "thread/tokenUsage/updated",
            {**where, "tokenUsage": {"total": usage, "last": usage, "modelContextWindow": CONTEXT_WINDOW}},
        ),
        ("account/rateLimits/updated", {"rateLimits": {"limitId": "codex", **limits}}),
        ("thread/status/changed", {"threadId": thread_id, "status": {"type": "idle"}}),
        ("turn/completed", {"threadId": thread_id, "turn": final}),
    ]
    assert turn.messages[0]["result"] == {"turn": new_turn(turn.id)}
    assert without(turn.methods, *LATE) == [method for method, _ in expected]
    sent = [(message["method"], message["params"]) for message in turn.messages[1:] if message["method"] not in LATE]
    for number, (found, wanted) in enumerate(zip(sent, expected, strict=True)):
        assert (number, found) == (number, wanted)


async def test_a_finished_turn_makes_its_thread_unread(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    thread_id = (await probe.start_thread())["id"]
    turn = await probe.run_turn(thread_id)
    [changed] = turn.of("thread/readState/changed")
    assert changed["readState"]["firstUnread"] == {"type": "turn", "turnId": turn.id}
    assert turn.methods[-3:] == ["thread/readState/changed", "thread/status/changed", "turn/completed"]


async def test_reasoning_is_streamed_by_summary_part_and_kept(lab: Lab, probe: Probe) -> None:
    thoughts = reasoning(["**Look** around", "**Act**"], raw="raw thought", item_id="r1", delta_size=8)
    lab.script(answer(thoughts, message("Done.")))
    thread_id = (await probe.start_thread())["id"]
    turn = await probe.run_turn(thread_id)
    where = {"threadId": thread_id, "turnId": turn.id, "itemId": "r1"}
    assert turn.started("reasoning") == [
        {
            "type": "reasoning",
            "id": "r1",
            "summary": [],
            "content": [],
            "startedAtMs": ANY_INT,
            "completedAtMs": None,
        }
    ]
    assert turn.of("item/reasoning/summaryPartAdded") == [
        {**where, "summaryIndex": 0},
        {**where, "summaryIndex": 1},
    ]
    assert turn.of("item/reasoning/summaryTextDelta") == [
        {**where, "delta": "**Look**", "summaryIndex": 0},
        {**where, "delta": " around", "summaryIndex": 0},
        {**where, "delta": "**Act**", "summaryIndex": 1},
    ]
    assert turn.of("item/reasoning/textDelta") == [
        {**where, "delta": "raw thou", "contentIndex": 0},
        {**where, "delta": "ght", "contentIndex": 0},
    ]
    [done] = turn.items("reasoning")
    assert (done["summary"], done["content"]) == (["**Look** around", "**Act**"], ["raw thought"])


async def test_commentary_and_the_final_answer_are_told_apart(lab: Lab, probe: Probe) -> None:
    lab.script(
        answer(
            message("Looking.", item_id="m1", phase="commentary"),
            function_call("exec_command", {"cmd": "true"}, call_id="c1"),
        ),
        answer(message("Done.", item_id="m2", phase="final_answer")),
    )
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert [(item["id"], item["phase"], item["text"]) for item in turn.items("agentMessage")] == [
        ("m1", "commentary", "Looking."),
        ("m2", "final_answer", "Done."),
    ]
    assert [item["id"] for item in turn.final["items"]] == ["m2"]


async def test_a_message_that_comes_whole_starts_with_its_text(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("All at once.", delta_size=None, start=False)))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert [item["text"] for item in turn.started("agentMessage")] == ["All at once."]
    assert turn.of("item/agentMessage/delta") == []
    assert turn.text == "All at once."


async def test_item_kinds_that_the_server_does_not_know_do_no_harm(lab: Lab, probe: Probe) -> None:
    unknown = item_done({"type": "hologram", "id": "h1", "payload": {"a": 1}})
    lab.script(answer({"type": "response.hologram.delta", "delta": "x"}, unknown, message("Still here.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert (turn.status, turn.text) == ("completed", "Still here.")
    assert [item["type"] for item in turn.items()] == ["userMessage", "agentMessage"]


async def test_token_usage_adds_up_over_responses_and_turns(lab: Lab, probe: Probe) -> None:
    call = function_call("exec_command", {"cmd": "true"}, call_id="c1")
    lab.script(
        answer(call, usage=Usage(input_tokens=100, cached_tokens=0, output_tokens=10, reasoning_tokens=0)),
        answer(message("One."), usage=Usage(input_tokens=200, cached_tokens=150, output_tokens=20, reasoning_tokens=7)),
        answer(message("Two."), usage=Usage(input_tokens=300, cached_tokens=0, output_tokens=5, reasoning_tokens=0)),
    )
    thread_id = (await probe.start_thread())["id"]
    first, second = await probe.run_turn(thread_id), await probe.run_turn(thread_id)
    updates = [params["tokenUsage"] for turn in (first, second) for params in turn.of("thread/tokenUsage/updated")]
    assert [usage["last"]["totalTokens"] for usage in updates] == [110, 220, 305]
    assert [usage["total"]["totalTokens"] for usage in updates] == [110, 330, 635]
    assert updates[1]["total"] == {
        "totalTokens": 330,
        "inputTokens": 300,
        "cachedInputTokens": 150,
        "cacheWriteInputTokens": 0,
        "outputTokens": 30,
        "reasoningOutputTokens": 7,
    }


async def test_a_response_without_usage_reports_none_but_completes(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi."), usage=None))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert turn.status == "completed"


async def test_the_users_input_comes_back_as_it_was_given(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    element = {"byteRange": {"start": 0, "end": 5}, "placeholder": "name"}
    content: list[Message] = [
        {"type": "text", "text": "hello world", "text_elements": [element]},
        {"type": "skill", "name": "none", "path": "/no/SKILL.md"},
        {"type": "mention", "name": "app", "path": "app://x"},
    ]
    turn = await probe.run_turn((await probe.start_thread())["id"], content)
    assert [item["content"] for item in turn.items("userMessage")] == [content]


async def test_an_image_that_is_not_there_is_no_error(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("No picture.")))
    content: list[Message] = [{"type": "localImage", "path": f"{lab.cwd}/missing.png"}]
    turn = await probe.run_turn((await probe.start_thread())["id"], content)
    assert turn.status == "completed"
    assert [item["content"] for item in turn.items("userMessage")] == [[{**content[0], "detail": None}]]
    assert lab.model.requests[0].contains("missing.png")


async def test_an_image_by_web_address_is_refused(probe: Probe) -> None:
    thread_id = (await probe.start_thread())["id"]
    image = {"type": "image", "url": "https://example.org/a.png"}
    error = await probe.refusal("turn/start", {"threadId": thread_id, "input": [image]})
    assert error.message == "remote image URLs are not supported; use an inline data URL instead"


async def test_a_turn_with_empty_text_runs(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Nothing said.")))
    turn = await probe.run_turn((await probe.start_thread())["id"], "")
    assert (turn.status, turn.text) == ("completed", "Nothing said.")


async def test_an_output_schema_is_asked_of_the_model_for_one_turn(lab: Lab, probe: Probe) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    lab.script(answer(message('{"n": 1}')), answer(message("free text")))
    thread_id = (await probe.start_thread())["id"]
    await probe.run_turn(thread_id, outputSchema=schema)
    await probe.run_turn(thread_id)
    first, second = lab.model.requests
    assert first.body["text"]["format"] == {
        "type": "json_schema",
        "strict": True,
        "name": "codex_output_schema",
        "schema": schema,
    }
    assert "format" not in second.body["text"]


async def test_a_turns_overrides_stick_to_its_thread(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("One.")), answer(message("Two.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    (lab.cwd / "sub").mkdir()
    await probe.run_turn(thread_id, effort="high", cwd=f"{lab.cwd}/sub", approvalPolicy="on-request")
    changed = [sent["params"] for sent in probe.log.from_server if sent.get("method") == "thread/settings/updated"]
    assert [settings["threadId"] for settings in changed] == [thread_id]
    assert (changed[0]["threadSettings"]["cwd"], changed[0]["threadSettings"]["effort"]) == (f"{lab.cwd}/sub", "high")
    await probe.run_turn(thread_id)
    assert probe.log.methods().count("thread/settings/updated") == 1
    assert [request.body["reasoning"]["effort"] for request in lab.model.requests] == ["high", "high"]
    settled = await probe.request("thread/resume", {"threadId": thread_id})
    assert (settled["reasoningEffort"], settled["cwd"]) == ("high", f"{lab.cwd}/sub")
    assert settled["approvalPolicy"] == "on-request"


async def test_input_for_a_running_turn_joins_it(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(answer(message_of(["One", gate, "."], item_id="m1")), answer(message("Two.", item_id="m2")))
    thread_id = (await probe.start_thread())["id"]
    turn_id = await probe.start_turn(thread_id, "first")
    await probe.until("item/agentMessage/delta")
    assert await probe.start_turn(thread_id, "second") == turn_id
    gate.open()
    turn = await probe.finish_turn(turn_id)
    # Whether the response under way is heard out or given up is the server's choice.
    assert [item["content"][0]["text"] for item in turn.items("userMessage")] == ["first", "second"]
    assert lab.model.requests[1].texts("user")[-1] == "second"
    assert (turn.text, len(lab.model.requests)) == ("Two.", 2)


async def test_turns_of_two_threads_run_at_once(lab: Lab, probe: Probe) -> None:
    gates = {name: Gate() for name in ("left", "right")}
    for name, gate in gates.items():
        lab.script(answer(message_of([f"{name} ", gate, "done"])).matching(f"go {name}"))
    ids = {name: (await probe.start_thread())["id"] for name in gates}
    turns = {name: await probe.start_turn(thread_id, f"go {name}") for name, thread_id in ids.items()}
    with trio.fail_after(10):
        for gate in gates.values():
            await gate.reached.wait()
    gates["right"].open()
    right = await probe.finish_turn(turns["right"])
    gates["left"].open()
    left = await probe.finish_turn(turns["left"])
    assert (left.text, right.text) == ("left done", "right done")
    for name, turn in (("left", left), ("right", right)):
        own = [sent for sent in probe.log.from_server if sent.get("params", {}).get("turnId") == turn.id]
        assert {sent["params"]["threadId"] for sent in own} == {ids[name]}


async def test_the_next_turn_continues_the_conversation(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("One.", item_id="m1")), answer(message("Two.", item_id="m2")))
    thread_id = (await probe.start_thread())["id"]
    await probe.run_turn(thread_id, "first question")
    await probe.run_turn(thread_id, "second question")
    [first, second] = lab.model.requests
    texts = [text for role in ("user", "assistant") for text in second.texts(role)]
    assert texts[-1] == "One."
    assert second.texts("user")[-2:] == ["first question", "second question"]
    # What was said stays where it was, so that a provider can reuse what it has cached.
    assert second.input[: len(first.input)] == first.input
    assert second.body["prompt_cache_key"] == first.body["prompt_cache_key"] == thread_id


async def test_a_thread_is_active_while_its_turn_runs_and_idle_after_it(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(answer(message_of(["One", gate, "."])))
    thread_id = (await probe.start_thread())["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta")
    read = await probe.request("thread/read", {"threadId": thread_id})
    assert read["thread"]["status"] == {"type": "active", "activeFlags": []}
    gate.open()
    turn = await probe.finish_turn(turn_id)
    assert statuses(turn.messages) == [{"type": "active", "activeFlags": []}, {"type": "idle"}]
    read = await probe.request("thread/read", {"threadId": thread_id})
    assert read["thread"]["status"] == {"type": "idle"}


@pytest.mark.parametrize("size", [1, 50])
async def test_many_deltas_arrive_in_order_and_add_up(lab: Lab, probe: Probe, size: int) -> None:
    deltas = [f"{number} " * size for number in range(1000)]
    lab.script(answer(message_of(deltas), events_per_write=7))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert "".join(params["delta"] for params in turn.of("item/agentMessage/delta")) == "".join(deltas)
    assert turn.text == "".join(deltas)


async def test_a_custom_tool_that_does_not_exist_is_told_to_the_model(lab: Lab, probe: Probe) -> None:
    lab.script(
        answer(custom_tool_call("make_coffee", "black", call_id="c1")),
        answer(function_call("nope_tool", {"a": 1}, call_id="c2")),
        answer(message("Pity.")),
    )
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert turn.status == "completed"
    assert [item["type"] for item in turn.items()] == ["userMessage", "agentMessage"]
    final = lab.model.requests[-1]
    assert final.output_of("c1") == "unsupported custom tool call: make_coffee"
    assert final.output_of("c2") == "unsupported call: nope_tool"

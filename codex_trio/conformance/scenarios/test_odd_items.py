"""Gateways give ids anew, fields of their own, and arguments that are none: threads stay whole and go on."""

import base64
from typing import Any

import msgspec

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Probe
from codex_trio.testing.model_script import Request, answer, function_call, item_added, item_done, message

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
FIELDS: dict[str, set[str]] = {
    "message": {"type", "role", "content", "id", "status", "phase"},
    "reasoning": {"type", "id", "summary", "content", "encrypted_content"},
    "function_call": {"type", "id", "call_id", "name", "arguments", "status", "namespace"},
    "function_call_output": {"type", "id", "call_id", "output", "status"},
}


def refusals(request: Request) -> list[str]:
    """Return what a provider that checks its input would not take."""
    found: list[str] = []
    ids: list[str] = []
    calls: list[Any] = []
    outputs: list[Any] = []
    for item in request.input:
        kind = item["type"]
        found += [f"{kind} has the field {name}" for name in item.keys() - FIELDS[kind]]
        if "id" in item:
            ids.append(item["id"])
        if kind == "reasoning" and not isinstance(item.get("summary"), list):
            found.append("reasoning without a summary")
        if kind == "function_call":
            calls.append(item["call_id"])
            if not _is_object(item["arguments"]):
                found.append(f"arguments {item['arguments']!r}")
        if kind == "function_call_output":
            outputs.append(item["call_id"])
    found += [f"twice {value}" for values in (ids, calls, outputs) for value in values if values.count(value) > 1]
    if sorted(map(str, calls)) != sorted(map(str, outputs)):
        found.append(f"calls {calls} and outputs {outputs}")
    return found


def _is_object(text: Any) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, TypeError):
        return False


def brief(item: dict[str, Any]) -> tuple[str, str, str]:
    return item["type"], item["id"], item.get("text") or item.get("command") or ""


async def items_read(probe: Probe, thread_id: str) -> list[tuple[str, str, str]]:
    reply = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    return [brief(item) for turn in reply["thread"]["turns"] for item in turn["items"]]


async def test_a_provider_that_numbers_ids_anew_in_each_response_loses_nothing(lab: Lab) -> None:
    def calls(text: str, command: str) -> Any:
        command_call = function_call("exec_command", {"cmd": f"echo {command}"}, call_id="call_0")
        return answer(message(text, item_id="msg_0"), command_call)

    lab.script(
        calls("looking", "one"),
        calls("looking again", "two"),
        answer(message("first answer", item_id="msg_0")),
        calls("once more", "three"),
        answer(message("second answer", item_id="msg_0")),
        answer(message("third answer", item_id="msg_0")),
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        turns = [await probe.run_turn(thread_id), await probe.run_turn(thread_id)]
        streamed = [brief(item) for turn in turns for item in turn.items()]
        assert await items_read(probe, thread_id) == streamed
        started = [params["item"]["id"] for turn in turns for params in turn.of("item/started")]
        assert len(set(started)) == len(started) == len(streamed) == 10
        deltas = [params["itemId"] for turn in turns for params in turn.of("item/agentMessage/delta")]
        assert list(dict.fromkeys(deltas)) == [item_id for kind, item_id, _ in streamed if kind == "agentMessage"]
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread_id})
        assert await items_read(probe, thread_id) == streamed
        assert (await probe.run_turn(thread_id)).text == "third answer"
    assert [text for request in lab.model.requests for text in refusals(request)] == []


SAID: dict[str, Any] = {
    "type": "message",
    "role": "assistant",
    "id": "msg_1",
    "content": [{"type": "output_text", "text": "hi"}],
}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "exec_command", "arguments": '{"cmd":"true"}'}


ODD_ITEMS: list[dict[str, Any]] = [
    {**SAID, "provider_specific_fields": {"a": 1}, "tool_calls": None},
    {**SAID, "id": "m1"},
    {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e", "format": "own-v1"},
    {"type": "reasoning", "id": "rs_2", "encrypted_content": "e"},
    {"type": "reasoning", "id": "rs_3", "summary": 5, "content": "x", "encrypted_content": {"a": 1}},
    {"type": "mcp_call", "id": "mcp_1", "name": "x"},
    {"foo": 1},
    {**SAID, "content": 5},
    {**CALL, "provider_specific_fields": {"signature": "s"}},
]


async def test_items_of_a_gateway_do_not_spoil_later_requests(lab: Lab, probe: Probe) -> None:
    await go_on_after(ODD_ITEMS, lab, probe)


async def test_calls_under_names_that_are_none_do_not_spoil_later_requests(lab: Lab, probe: Probe) -> None:
    calls = [{"call_id": None, "id": None}, {"call_id": 7, "name": ["x"]}, {"call_id": "c" * 3000}, {"name": "a.b c"}]
    await go_on_after([{**CALL, **fields} for fields in calls], lab, probe)


async def go_on_after(items: list[dict[str, Any]], lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread())["id"]
    for number, item in enumerate(items):
        is_call = item.get("type") == "function_call"
        lab.script(answer(item_done(item)), *[answer(message("done", item_id=f"msg_{number}0"))] * is_call)
        assert (await probe.run_turn(thread_id)).status == "completed", item
    lab.script(answer(message("next", item_id="msg_9")))
    assert (await probe.run_turn(thread_id)).text == "next"
    assert [text for request in lab.model.requests for text in refusals(request)] == []


async def test_arguments_that_are_none_are_told_to_the_model_and_not_repeated(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread())["id"]
    for number, arguments in enumerate(['{"cmd":"echo ran', "{", "", None, "[]", '```json\n{"cmd":"true"}\n```']):
        call = {**CALL, "id": f"fc_{number}", "call_id": f"c{number}", "arguments": arguments}
        lab.script(answer(item_done(call)), answer(message("sorry", item_id=f"msg_{number}")))
        assert (await probe.run_turn(thread_id)).text == "sorry"
        request = lab.model.requests[-1]
        assert refusals(request) == []
        said = request.output_of(f"c{number}")
        assert "failed to parse function arguments" in said
        assert said.endswith(arguments or "")


async def test_an_object_in_place_of_arguments_is_taken_as_meant(lab: Lab, probe: Probe) -> None:
    lab.script(answer(item_done({**CALL, "arguments": {"cmd": "echo ran"}})), answer(message("done")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert [command["aggregatedOutput"] for command in turn.items("commandExecution")] == ["ran\n"]
    assert refusals(lab.model.requests[1]) == []


async def test_deltas_without_an_id_or_under_another_one_belong_to_the_message_that_streams(
    lab: Lab, probe: Probe
) -> None:
    def delta(text: str, **fields: Any) -> dict[str, Any]:
        return {"type": "response.output_text.delta", "delta": text, **fields}

    lab.script(
        answer(
            item_added({**SAID, "id": "msg_a", "content": []}),
            delta("h"),
            delta("i", item_id="msg_b"),
            item_done({**SAID, "id": "msg_c"}),
        )
    )
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert _shown(turn) == (["msg_a"], "hi", ["hi"])


async def test_a_message_that_is_never_said_to_be_done_is_what_was_read_of_it(lab: Lab, probe: Probe) -> None:
    delta = {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "all of it"}
    lab.script(answer(item_added({**SAID, "content": []}), delta))
    thread_id = (await probe.start_thread())["id"]
    turn = await probe.run_turn(thread_id)
    assert _shown(turn) == (["msg_1"], "all of it", ["all of it"])
    assert ("agentMessage", "msg_1", "all of it") in await items_read(probe, thread_id)


def _shown(turn: FinishedTurn) -> tuple[list[str], str, list[str]]:
    """Return ids of the messages that began, all that was streamed, and the texts in the end."""
    started = [item["item"]["id"] for item in turn.of("item/started") if item["item"]["type"] == "agentMessage"]
    deltas = turn.of("item/agentMessage/delta")
    assert {delta["itemId"] for delta in deltas} == set(started)
    return started, "".join(delta["delta"] for delta in deltas), [item["text"] for item in turn.items("agentMessage")]


async def test_an_injected_item_that_no_model_can_read_is_refused_with_its_place(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread())["id"]
    fine = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}
    bad: list[tuple[dict[str, Any], str]] = [
        ({"type": "message", "content": []}, "missing field `role`"),
        ({"type": "function_call", "name": "x", "call_id": "c"}, "missing field `arguments`"),
        ({"type": "function_call_output", "call_id": "c"}, "missing field `output`"),
    ]
    for item, problem in bad:
        error = await probe.refusal("thread/inject_items", {"threadId": thread_id, "items": [fine, item]})
        assert error.message == f"items[1] is not a valid response item: {problem}"


async def test_what_is_injected_and_is_no_object_is_refused_with_its_place(probe: Probe) -> None:
    thread_id = (await probe.start_thread())["id"]
    for item, named in ((5, "number"), ("x", 'string "x"'), (None, "null"), (False, "boolean `false`")):
        error = await probe.refusal("thread/inject_items", {"threadId": thread_id, "items": [item]})
        problem = f"invalid type: {named}, expected struct WrappedItem"
        assert (error.code, error.message) == (-32600, f"items[0] is not a valid response item: {problem}")


async def test_text_that_only_comes_as_a_finished_part_is_the_answer(lab: Lab) -> None:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "response.content_part.done", **place, "part": {"type": "output_text", "text": "all of it"}}
    text = {"type": "response.output_text.done", **place, "text": "all of it"}
    lab.script(answer(part), answer(text, part))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        assert [(await probe.run_turn(thread_id)).text for _ in range(2)] == ["all of it"] * 2


async def test_a_picture_that_the_provider_made_is_shown_read_back_and_sent_on(lab: Lab) -> None:
    made = {
        "type": "image_generation_call",
        "id": "ig_1",
        "status": "completed",
        "revised_prompt": "dot",
        "result": PNG,
    }
    lab.script(answer(item_done(made)), answer(message("Done.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        turn = await probe.run_turn(thread_id)
        pictures = turn.items("imageGeneration")
        assert len(pictures) == 1
        shown = pictures[0]
        assert (shown["status"], shown["revisedPrompt"], shown["result"]) == ("completed", "dot", PNG)
        saved = lab.codex_home / "generated_images" / thread_id / "ig_1.png"
        assert shown["savedPath"] == str(saved)
        assert base64.b64decode(PNG) == saved.read_bytes()
        await probe.run_turn(thread_id)
        reply = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    kinds = [[item["type"] for item in turn["items"]] for turn in reply["thread"]["turns"]]
    assert kinds == [["userMessage", "imageGeneration"], ["userMessage", "agentMessage"]]
    assert made in lab.model.requests[1].input
    assert str(saved) in "".join(lab.model.requests[1].texts("developer"))


async def test_an_item_of_an_unknown_kind_is_told_of_where_it_is_all_that_comes(lab: Lab) -> None:
    unknown = item_done({"type": "brand_new_call", "id": "x_1", "text": "hello"})
    lab.script(answer(unknown, unknown), answer(message("Done.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread())["id"]
        turn = await probe.run_turn(thread_id)
        assert turn.status == "completed"
        warnings = [warning["message"] for warning in turn.of("warning")]
        assert len(warnings) == 1
        assert "brand_new_call" in warnings[0]
        assert (await probe.run_turn(thread_id)).text == "Done."

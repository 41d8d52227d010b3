"""Tools of the newest models: messages and questions to the user, the time, and waiting."""

import json
import re
from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import answer, item_done, message

MODEL = "gpt-6.2-sol"


def call(namespace: str, name: str, call_id: str, **arguments: Any) -> dict[str, Any]:
    """Return a call of a tool in a namespace."""
    item = {"type": "function_call", "id": f"fc_{call_id}", "call_id": call_id, "namespace": namespace}
    return item_done({**item, "name": name, "arguments": json.dumps(arguments)})


async def test_messages_and_questions_reach_the_user_while_the_turn_goes_on(lab: Lab) -> None:
    asked = [{"title": "Which?", "options": ["a", "b"]}, {"title": "Why?"}]
    lab.script(
        answer(call("functions", "send_message_to_user_async", "m1", message="Look at this.")),
        answer(call("functions", "request_user_input_async", "q1", questions=asked)),
        answer(call("functions", "send_message_to_user_async", "m2", message="")),
        answer(message("Done.")),
    )
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(model=MODEL))["id"]
        turn = await probe.run_turn(thread_id)
    said, question, last = turn.items("agentMessage")
    assert (said["id"], said["text"], said["delivery"], said["questions"]) == ("m1", "Look at this.", "async", None)
    assert (question["id"], question["text"]) == ("q1", "Which?\n- a\n- b\n\nWhy?")
    assert question["questions"] == [asked[0], {"title": "Why?", "options": None}]
    assert (said["phase"], question["phase"], last["delivery"]) == ("final_answer", "final_answer", None)
    outputs = [lab.model.requests[-1].output_of(call_id) for call_id in ("m1", "q1", "m2")]
    assert outputs == ['{"accepted":true}', '{"accepted":true}', "message must not be empty"]
    async with lab.run() as probe:
        thread = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]
    assert [item for item in thread["turns"][0]["items"] if item["type"] == "agentMessage"] == [said, question, last]


async def test_a_sleep_ends_by_itself_or_when_the_user_says_something(lab: Lab, probe: Probe) -> None:
    lab.script(
        answer(call("clock", "sleep", "s1", duration_ms=1)),
        answer(call("clock", "sleep", "s2", duration_ms=0)),
        answer(call("clock", "sleep", "s3", duration_ms=43_200_000)),
        answer(message("Awake.")),
    )
    thread_id = (await probe.start_thread(model=MODEL))["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/started", where=lambda params: params["item"]["id"] == "s3")
    steer = {"threadId": thread_id, "expectedTurnId": turn_id, "input": [{"type": "text", "text": "Wake up."}]}
    await probe.request("turn/steer", steer)
    turn = await probe.finish_turn(turn_id)
    assert [(item["id"], item["durationMs"]) for item in turn.items("sleep")] == [("s1", 1), ("s3", 43_200_000)]
    outputs = [lab.model.requests[-1].output_of(call_id) for call_id in ("s1", "s2", "s3")]
    assert re.fullmatch(r"Wall time: \d+\.\d{4} seconds\nSleep completed\.", outputs[0])
    assert outputs[1] == "duration_ms must be between 1 and 43200000"
    assert outputs[2].endswith("Sleep interrupted by new input.")
    assert turn.text == "Awake."


async def test_scripts_know_the_time(lab: Lab, probe: Probe) -> None:
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "x1", "namespace": "functions", "name": "exec"}
    lab.script(answer(item_done({**item, "input": "text((await tools.clock__curr_time({})).current_time)"})))
    lab.script(answer(message("Done.")))
    await probe.run_turn((await probe.start_thread(model=MODEL))["id"])
    said = lab.model.requests[-1].output_of("x1")[-1]["text"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", said)


async def test_models_that_do_not_know_them_are_refused_by_name(lab: Lab, probe: Probe) -> None:
    item = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "send_message_to_user_async"}
    lab.script(answer(item_done({**item, "arguments": '{"message": "x"}'})), answer(message("Well.")))
    turn = await probe.run_turn((await probe.start_thread())["id"])
    assert lab.model.requests[-1].output_of("c1") == "unsupported call: send_message_to_user_async"
    assert [item["text"] for item in turn.items("agentMessage")] == ["Well."]

"""Working out a plan with the user."""

from typing import Any

import msgspec
import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Message, Probe, statuses
from codex_trio.testing.model_script import Event, answer, function_call, message

ASK = "item/tool/requestUserInput"
QUESTION = {
    "id": "colour",
    "header": "Colour",
    "question": "Which colour?",
    "options": [{"label": "Red", "description": "Warm."}, {"label": "Blue", "description": "Cool."}],
}
PLANNED = "Here it is.\n<proposed_plan>\n# Plan\n- one\n</proposed_plan>\nSay yes.\n"


def mode(kind: str) -> dict[str, Any]:
    """Return a mode without anything of its own."""
    settings = {"model": "gpt-5.5", "reasoning_effort": None, "developer_instructions": None}
    return {"mode": kind, "settings": settings}


async def thread(lab: Lab, probe: Probe) -> str:
    """Return a new thread."""
    return (await probe.start_thread(cwd=str(lab.cwd)))["id"]


async def planning(lab: Lab, probe: Probe, thread_id: str, *replies: Any, **more: Any) -> FinishedTurn:
    """Run a turn in plan mode."""
    lab.script(*replies)
    return await probe.run_turn(thread_id, "Plan it", collaborationMode=mode("plan"), **more)


def asks(*questions: Any, call_id: str = "c1") -> Event:
    """Return a call that asks the user."""
    return function_call("request_user_input", {"questions": list(questions)}, call_id=call_id)


async def test_a_plan_is_an_item_of_its_own_and_streams(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    turn = await planning(lab, probe, thread_id, answer(message(PLANNED, delta_size=7)))
    assert [item["type"] for item in turn.items()] == ["userMessage", "plan", "agentMessage"]
    plan, said = turn.items()[1:]
    assert (plan["text"], said["text"]) == ("# Plan\n- one\n", "Here it is.\nSay yes.\n")
    for method, item in (("item/plan/delta", plan), ("item/agentMessage/delta", said)):
        assert "".join(one["delta"] for one in turn.of(method) if one["itemId"] == item["id"]) == item["text"]
    started = [item["text"] for kind in ("plan", "agentMessage") for item in turn.started(kind)]
    assert started == ["", ""]
    # The model remembers what it has said.
    await planning(lab, probe, thread_id, answer(message("More.", item_id="m2")))
    assert lab.model.requests[-1].texts("assistant") == [PLANNED]


async def test_what_only_looks_like_a_plan_is_said(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    for text, items in (
        ("In <proposed_plan> of </proposed_plan> it", [("agentMessage", "In <proposed_plan> of </proposed_plan> it")]),
        ("<proposed_plan>\nA\nB", [("plan", "A\nB")]),
        ("<proposed_plan>\n</proposed_plan>", [("plan", "")]),
        ("<proposed", [("agentMessage", "<proposed")]),
    ):
        turn = await planning(lab, probe, thread_id, answer(message(text, delta_size=5)))
        assert [(item["type"], item["text"]) for item in turn.items()[1:]] == items
    whole = await planning(lab, probe, thread_id, answer(message(PLANNED, delta_size=None, start=False)))
    assert [item["type"] for item in whole.items()[1:]] == ["plan", "agentMessage"]


async def test_a_mode_holds_until_another_is_chosen_and_the_model_is_told_of_both(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    await planning(lab, probe, thread_id, answer(message("Hm.")))
    lab.script(answer(message(PLANNED, item_id="m2")))
    assert (await probe.run_turn(thread_id, "Go on")).items("plan") != []
    lab.script(answer(asks(QUESTION)), answer(message(PLANNED, item_id="m3")))
    turn = await probe.run_turn(thread_id, "Do it", collaborationMode=mode("default"))
    assert [item["text"] for item in turn.items("agentMessage")] == [PLANNED]
    assert lab.model.requests[-1].output_of("c1") == "request_user_input is unavailable in Default mode"
    told = [text for text in lab.model.requests[-1].texts("developer") if text.startswith("<collaboration_mode>")]
    assert len(told) == 2
    assert told[0] != told[1]


async def test_a_model_asks_its_user_and_waits(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    asked: list[Message] = []

    def reply(request: Message) -> Any:
        asked.append(request)
        return {"answers": {"colour": {"answers": ["Blue", "user_note: dark"]}}}

    turn = await planning(lab, probe, thread_id, answer(asks(QUESTION)), answer(message("Blue.")), answer=reply)
    [request] = asked
    params = request["params"]
    assert (request["method"], params["itemId"], params["turnId"]) == (ASK, "c1", turn.id)
    assert params["questions"] == [{**QUESTION, "isOther": True, "isSecret": False}]
    assert {"type": "active", "activeFlags": ["waitingOnUserInput"]} in statuses(turn.messages)
    assert [one["requestId"] for one in turn.of("serverRequest/resolved")] == [request["id"]]
    output = msgspec.json.decode(lab.model.requests[-1].output_of("c1"))
    assert output == {"answers": {"colour": {"answers": ["Blue", "user_note: dark"]}}}
    assert (turn.status, turn.text) == ("completed", "Blue.")


async def test_a_long_answer_of_a_user_takes_bounded_room(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)

    def reply(_request: Message) -> Any:
        return {"answers": {"colour": {"answers": ["x" * 1_000_000]}}}

    turn = await planning(lab, probe, thread_id, answer(asks(QUESTION)), answer(message("Blue.")), answer=reply)
    assert (turn.status, turn.text) == ("completed", "Blue.")
    assert len(lab.model.requests[-1].output_of("c1")) < 60_000


async def test_a_user_who_does_not_answer_stops_nothing(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    lab.script(answer(asks(QUESTION)), answer(message("Red, then.")))
    turn_id = await probe.start_turn(thread_id, "Plan it", collaborationMode=mode("plan"))
    await probe.refuse(await probe.until(ASK), "no")
    turn = await probe.finish_turn(turn_id)
    assert (turn.status, turn.text) == ("completed", "Red, then.")
    assert msgspec.json.decode(lab.model.requests[-1].output_of("c1")) == {"answers": {}}


async def test_a_question_is_void_when_its_turn_is_stopped(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    lab.script(answer(asks(QUESTION)))
    turn_id = await probe.start_turn(thread_id, "Plan it", collaborationMode=mode("plan"))
    asked = await probe.until(ASK)
    await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
    turn = await probe.finish_turn(turn_id)
    assert turn.status == "interrupted"
    assert [one["requestId"] for one in turn.of("serverRequest/resolved")] == [asked["id"]]
    assert (await planning(lab, probe, thread_id, answer(message("Hello.")))).text == "Hello."


async def test_questions_that_nobody_could_answer_are_not_asked(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    bare = {name: value for name, value in QUESTION.items() if name != "options"}
    calls = [asks(bare), asks({**QUESTION, "options": []}, call_id="c2")]
    broken = function_call("request_user_input", {"x": 1}, call_id="c3")
    turn = await planning(lab, probe, thread_id, answer(*calls, broken), answer(message("Well.")))
    assert (turn.status, turn.of(ASK)) == ("completed", [])
    last = lab.model.requests[-1]
    for call_id in ("c1", "c2"):
        assert last.output_of(call_id) == "request_user_input requires non-empty options for every question"
    assert "questions" in last.output_of("c3")


async def test_questions_of_one_id_are_asked_and_answered_together(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    asked: list[Message] = []

    def reply(request: Message) -> Any:
        asked.append(request)
        return {"answers": {"colour": {"answers": ["Blue"]}}}

    twins = [QUESTION, {**QUESTION, "question": "Really?"}]
    await planning(lab, probe, thread_id, answer(asks(*twins)), answer(message("Blue.")), answer=reply)
    [request] = asked
    assert [one["question"] for one in request["params"]["questions"]] == ["Which colour?", "Really?"]
    output = msgspec.json.decode(lab.model.requests[-1].output_of("c1"))
    assert output == {"answers": {"colour": {"answers": ["Blue"]}}}


async def test_who_answers_in_a_wrong_form_is_told_that_it_counts_for_nothing(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)

    def reply(_request: Message) -> Any:
        return {"answers": {"colour": "Blue"}}

    replies = (answer(asks(QUESTION)), answer(message("Red, then.")))
    turn = await planning(lab, probe, thread_id, *replies, answer=reply)
    assert (turn.status, turn.text) == ("completed", "Red, then.")
    assert msgspec.json.decode(lab.model.requests[-1].output_of("c1")) == {"answers": {}}
    told = [(one["threadId"], "counts as none: " in one["message"]) for one in turn.of("warning")]
    assert told == [(thread_id, True)]


OFF = "[tools.experimental_request_user_input]\nenabled = false"
ALSO_IN_DEFAULT = "[features]\ndefault_mode_request_user_input = true"


@pytest.mark.parametrize("kind", ["default", "plan"])
async def test_a_model_may_be_let_ask_in_both_modes(lab: Lab, kind: str) -> None:
    lab.configure(tables=ALSO_IN_DEFAULT)
    answers = {"answers": {"colour": {"answers": ["Blue"]}}}
    lab.script(answer(asks(QUESTION)), answer(message("Blue.")))
    async with lab.run() as probe:
        thread_id = await thread(lab, probe)
        turn = await probe.run_turn(thread_id, collaborationMode=mode(kind), answer=lambda _: answers)
    assert (turn.status, turn.text) == ("completed", "Blue.")
    assert msgspec.json.decode(lab.model.requests[-1].output_of("c1")) == answers


@pytest.mark.parametrize("tables", [OFF, f"{OFF}\n{ALSO_IN_DEFAULT}"])
async def test_a_model_may_be_kept_from_asking(lab: Lab, tables: str) -> None:
    lab.configure(tables=tables)
    async with lab.run() as probe:
        thread_id = await thread(lab, probe)
        turn = await planning(lab, probe, thread_id, answer(asks(QUESTION)), answer(message("Red, then.")))
    assert (turn.status, turn.text) == ("completed", "Red, then.")
    assert "request_user_input" not in lab.model.requests[-1].tool_names
    assert "request_user_input" in lab.model.requests[-1].output_of("c1")

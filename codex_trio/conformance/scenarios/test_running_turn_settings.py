"""Changing what a turn works with while it runs."""

from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Event, Gate, answer, function_call, message

METHOD = "turn/settings/update"
SWITCHED_ON = "[features]\nstep_model_switching = true\n"


def runs(gate: Gate, cmd: str = "true", *, call_id: str = "c1") -> list[Event | Gate]:
    """Return a response that runs a command, and is over when the gate opens."""
    return [function_call("exec_command", {"cmd": cmd}, call_id=call_id), gate]


async def running(lab: Lab, probe: Probe, gate: Gate) -> dict[str, Any]:
    """Return the params that name a turn under way, whose first response is over when the gate opens."""
    lab.script(answer(*runs(gate)))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/completed", where=lambda params: params["item"]["type"] == "commandExecution")
    return {"threadId": thread_id, "turnId": turn_id}


async def test_a_running_turn_goes_on_with_other_settings_and_the_next_with_its_own(lab: Lab) -> None:
    lab.configure(tables=SWITCHED_ON, extra='model_reasoning_effort = "medium"')
    async with lab.run() as probe:
        gate = Gate()
        turn = await running(lab, probe, gate)
        changes = {"effort": "high", "summary": "detailed"}
        assert await probe.request(METHOD, {**turn, **changes}) == {"status": "applied"}
        lab.script(answer(message("Done.")))
        gate.open()
        ended = await probe.finish_turn(turn["turnId"])
        assert (ended.status, ended.of("thread/settings/updated")) == ("completed", [])
        lab.script(answer(message("Again.", item_id="m2")))
        await probe.run_turn(turn["threadId"], "And now?")
        assert [request.body["reasoning"]["effort"] for request in lab.model.requests] == ["medium", "high", "medium"]
        assert lab.model.requests[1].body["reasoning"]["summary"] == "detailed"


async def test_a_running_turn_can_be_sent_to_work_elsewhere(lab: Lab, probe: Probe) -> None:
    (lab.cwd / "sub").mkdir()
    gate = Gate()
    turn = await running(lab, probe, gate)
    elsewhere = [{"environmentId": "local", "cwd": str(lab.cwd / "sub")}]
    assert await probe.request(METHOD, {**turn, "environments": elsewhere}) == {"status": "applied"}
    assert await probe.request(METHOD, {**turn, "approvalsReviewer": "user"}) == {"status": "applied"}
    lab.script(answer(function_call("exec_command", {"cmd": "pwd"}, call_id="c2")), answer(message("There.")))
    gate.open()
    ended = await probe.finish_turn(turn["turnId"])
    assert [item["cwd"] for item in ended.items("commandExecution")] == [str(lab.cwd), str(lab.cwd / "sub")]


async def test_a_change_that_cannot_be_made_is_refused_and_the_turn_goes_on(lab: Lab) -> None:
    lab.configure(tables=SWITCHED_ON)
    async with lab.run() as probe:
        gate = Gate()
        turn = await running(lab, probe, gate)
        for change, error in (
            ({"model": "no-such-model"}, "the destination model has only fallback metadata"),
            ({"environments": [{"environmentId": "zz", "cwd": "/tmp"}]}, "unknown turn environment id `zz`"),
            ({"effort": ""}, "Invalid request: reasoning_effort must not be empty"),
            ({"approvalsReviewer": "zz"}, "Invalid request: unknown variant `zz`, expected one of `user`, "),
            ({"cwd": "/tmp"}, "Invalid request: unknown field `cwd`, expected one of "),
        ):
            refused = await probe.refusal(METHOD, {**turn, **change})
            assert (refused.code, refused.message[: len(error)]) == (-32600, error)
        for turn_id in ("nope", "00000000-0000-7000-8000-000000000000"):
            other = {**turn, "turnId": turn_id, "effort": "low"}
            assert await probe.request(METHOD, other) == {"status": "targetUnavailable"}
        lab.script(answer(message("Done.")))
        gate.open()
        assert (await probe.finish_turn(turn["turnId"])).status == "completed"
        assert await probe.request(METHOD, {**turn, "effort": "low"}) == {"status": "targetUnavailable"}


async def test_another_model_during_a_turn_has_to_be_switched_on(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    turn = await running(lab, probe, gate)
    for change in ({}, {"effort": "high"}, {"summary": "detailed"}, {"model": "gpt-5.4"}, {"serviceTier": None}):
        refused = await probe.refusal(METHOD, {**turn, **change})
        assert refused.message == "turn settings updates require the step_model_switching feature"
    lab.script(answer(message("Done.")))
    gate.open()
    assert (await probe.finish_turn(turn["turnId"])).status == "completed"

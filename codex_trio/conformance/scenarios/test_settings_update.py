"""`thread/settings/update`: what later turns run with, changed without a turn."""

from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.testing.model_script import Gate, answer, function_call, message, message_of

UNKNOWN_THREAD = "00000000-0000-7000-8000-000000000000"


async def updated(probe: Probe, thread_id: str, **settings: Any) -> dict[str, Any]:
    """Change settings and return those that the server then tells."""
    probe.log.skip()
    assert await probe.request("thread/settings/update", {"threadId": thread_id, **settings}) == {}
    return (await probe.until("thread/settings/updated", thread_id=thread_id))["params"]["threadSettings"]


async def test_changed_settings_are_told_and_hold_for_the_next_turn(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    told = await updated(probe, thread_id, model="gpt-5.4", effort="high", summary="detailed", serviceTier="flex")
    assert (told["model"], told["effort"], told["summary"], told["serviceTier"]) == (
        "gpt-5.4",
        "high",
        "detailed",
        "flex",
    )
    assert told["collaborationMode"]["settings"]["model"] == "gpt-5.4"
    await probe.run_turn(thread_id)
    body = lab.model.requests[-1].body
    assert (body["model"], body["reasoning"], body["service_tier"]) == (
        "gpt-5.4",
        {"effort": "high", "summary": "detailed"},
        "flex",
    )


async def test_settings_that_stay_as_they_are_are_not_told(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), model="gpt-5.4"))["id"]
    for params in ({}, {"model": "gpt-5.4"}, {"cwd": str(lab.cwd)}):
        assert await probe.request("thread/settings/update", {"threadId": thread_id, **params}) == {}
    await probe.nothing_more()
    assert "thread/settings/updated" not in probe.log.methods()


async def test_the_folder_can_be_changed(lab: Lab, probe: Probe) -> None:
    lab.script(answer(function_call("exec_command", {"cmd": "pwd"}, call_id="c1")), answer(message("Done.")))
    (lab.cwd / "sub").mkdir()
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    told = await updated(probe, thread_id, cwd="sub")
    assert told["cwd"] == str(lab.cwd / "sub")
    turn = await probe.run_turn(thread_id)
    assert [command["cwd"] for command in turn.items("commandExecution")] == [str(lab.cwd / "sub")]


async def test_what_commands_may_do_can_be_changed(lab: Lab, probe: Probe) -> None:
    lab.script(answer(function_call("exec_command", {"cmd": "touch made.txt"}, call_id="c1")), answer(message("Done.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd), sandbox="danger-full-access"))["id"]
    told = await updated(probe, thread_id, approvalPolicy="on-request", sandboxPolicy={"type": "readOnly"})
    assert told["approvalPolicy"] == "on-request"
    assert told["sandboxPolicy"] == {"type": "readOnly", "networkAccess": False}
    await updated(probe, thread_id, approvalPolicy="never")
    await probe.run_turn(thread_id)
    assert not (lab.cwd / "made.txt").exists()


async def test_changes_outlive_a_restart_before_there_was_another_turn(lab: Lab) -> None:
    async with lab.run() as probe:
        lab.script(answer(message("Hi.")))
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await probe.run_turn(thread_id)
        await updated(probe, thread_id, model="gpt-5.4", effort="low", summary="concise", personality="friendly")
    lab.script(answer(message("Back.")))
    async with lab.run() as probe:
        resumed = await probe.request("thread/resume", {"threadId": thread_id, "excludeTurns": True})
        assert (resumed["model"], resumed["reasoningEffort"]) == ("gpt-5.4", "low")
        await probe.run_turn(thread_id)
    body = lab.model.requests[-1].body
    assert (body["model"], body["reasoning"]) == ("gpt-5.4", {"effort": "low", "summary": "concise"})


async def test_a_running_turn_goes_on_as_it_began(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(
        answer(message_of(["Wor", gate, "king."]), function_call("exec_command", {"cmd": "true"}, call_id="c1")),
        answer(message("Done.")),
        answer(message("Next.")),
    )
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta")
    await updated(probe, thread_id, model="gpt-5.4")
    gate.open()
    await probe.finish_turn(turn_id)
    assert [request.body["model"] for request in lab.model.requests[-2:]] == ["gpt-5.5", "gpt-5.5"]
    await probe.run_turn(thread_id)
    assert lab.model.requests[-1].body["model"] == "gpt-5.4"


@pytest.mark.parametrize(
    ("params", "text"),
    [
        (
            {"permissions": ":workspace", "sandboxPolicy": {"type": "readOnly"}},
            "`permissions` cannot be combined with `sandboxPolicy`",
        ),
        ({"environments": [{"environmentId": "zz", "cwd": "/"}]}, "unknown turn environment id `zz`"),
        ({"threadId": UNKNOWN_THREAD}, f"thread not found: {UNKNOWN_THREAD}"),
    ],
)
async def test_what_cannot_be_set_is_refused(lab: Lab, probe: Probe, params: dict[str, Any], text: str) -> None:
    thread = await probe.start_thread(cwd=str(lab.cwd))
    error = await probe.refusal("thread/settings/update", {"threadId": thread["id"], **params})
    assert (error.code, error.message) == (-32600, text)


async def test_a_thread_without_an_environment_has_none_after_a_restart(lab: Lab) -> None:
    async with lab.run() as probe:
        lab.script(answer(message("Hi.")))
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await probe.run_turn(thread_id)
        await updated(probe, thread_id, environments=[])
    lab.script(answer(function_call("exec_command", {"cmd": "touch made.txt"}, call_id="c1")), answer(message("Done.")))
    async with lab.run() as probe:
        resumed = await probe.request("thread/resume", {"threadId": thread_id, "excludeTurns": True})
        assert resumed["thread"]["environments"] == []
        await probe.run_turn(thread_id)
    assert not (lab.cwd / "made.txt").exists()


async def test_a_personality_says_how_the_model_is_to_write_and_none_leaves_that_open(lab: Lab) -> None:
    lab.configure(extra='personality = "none"')
    lab.script(answer(message("Hi.")).repeated())
    async with lab.run() as probe:
        for asked in ({}, {"personality": "friendly"}, {"personality": "pragmatic"}):
            thread_id = (await probe.start_thread(cwd=str(lab.cwd), **asked))["id"]
            await probe.run_turn(thread_id)
    none, friendly, pragmatic = (len(request.texts("developer")[0]) for request in lab.model.requests)
    assert none < friendly == pragmatic

"""Interrupting and steering turns."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Message, Probe, statuses
from codex_trio.conformance.processes import is_alive
from codex_trio.conformance.shapes import text_with
from codex_trio.testing.model_script import Event, Gate, answer, function_call, message, message_of

APPROVAL = "item/commandExecution/requestApproval"


def run(call_id: str, cmd: str, **arguments: Any) -> Event:
    """Return a call of exec_command."""
    return function_call("exec_command", {"cmd": cmd, **arguments}, call_id=call_id)


async def interrupt(probe: Probe, thread_id: str, turn_id: str) -> None:
    """Interrupt a turn."""
    assert await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id}) == {}


def has_content(path: Path) -> bool:
    """Return whether a file exists and is not empty."""
    return path.is_file() and path.stat().st_size > 0


async def appears(path: Path) -> None:
    """Wait until a file exists and is not empty."""
    with trio.fail_after(10):
        while not has_content(path):  # noqa: ASYNC110  # a command makes it
            await trio.sleep(0.01)


async def test_an_interrupt_stops_the_stream_and_drops_the_unfinished_message(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(answer(message_of(["Once upon", gate, " a time"], item_id="m1")), answer(message("Next.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta")
    await interrupt(probe, thread_id, turn_id)
    turn = await probe.finish_turn(turn_id)
    assert (turn.status, turn.error) == ("interrupted", None)
    assert [item["type"] for item in turn.items()] == ["userMessage"]
    assert turn.methods[-2:] == ["thread/status/changed", "turn/completed"]
    assert statuses(turn.messages)[-1] == {"type": "idle"}
    with trio.fail_after(10):
        await lab.model.requests[0].client_left.wait()
    read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    [stored] = read["thread"]["turns"]
    assert (stored["status"], [item["type"] for item in stored["items"]]) == ("interrupted", ["userMessage"])

    await probe.run_turn(thread_id, "again")
    told = lab.model.requests[1]
    assert any("<turn_aborted>" in text for text in told.texts("user"))
    assert not told.contains("Once upon")


@pytest.mark.only_over("stdio")
async def test_the_answer_to_an_interrupt_comes_when_the_turn_has_stopped(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(answer(message_of(["One", gate])))
    thread_id = (await probe.start_thread())["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta")
    request: Message = {"method": "turn/interrupt", "params": {"threadId": thread_id, "turnId": turn_id}}
    # In one write: the second must be there before the first has stopped the turn.
    await probe.send(b"\n".join(msgspec.json.encode({"id": name, **request}) for name in ("first", "second")))
    replies = [await probe.next(lambda sent: "result" in sent, "an answer") for _ in range(2)]
    assert sorted(reply["id"] for reply in replies) == ["first", "second"]
    await probe.finish_turn(turn_id)


async def test_an_interrupt_kills_the_command_that_runs_with_all_its_children(lab: Lab, probe: Probe) -> None:
    script = "(echo $BASHPID > child; exec setsid sleep 300) & echo $$ > parent; wait"
    lab.script(answer(run("c1", script)))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn_id = await probe.start_turn(thread_id)
    await appears(lab.cwd / "parent")
    await appears(lab.cwd / "child")
    pids = [int((lab.cwd / name).read_text()) for name in ("parent", "child")]
    try:
        await interrupt(probe, thread_id, turn_id)
        turn = await probe.finish_turn(turn_id)
        assert turn.status == "interrupted"
        with trio.move_on_after(2):
            while any(map(is_alive, pids)):  # noqa: ASYNC110  # a killed process is gone a moment later
                await trio.sleep(0.01)
        assert [is_alive(pid) for pid in pids] == [False, False]
        assert [item["status"] for item in turn.items("commandExecution")] == ["failed"]
    finally:
        for pid in filter(is_alive, pids):
            os.kill(pid, 9)


async def test_no_script_of_an_interrupted_turn_reaches_its_next_line(lab: Lab, probe: Probe) -> None:
    scripts = {
        "plain": "touch ready; sleep 300; touch went-on",
        "nested": "touch ready; bash -c 'sleep 300; touch went-on'; touch went-on",
        "pipe": "touch ready; sleep 300 | { cat; touch went-on; }",
        "trap": "trap 'touch went-on' INT TERM HUP EXIT; touch ready; sleep 300; touch went-on",
    }
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    for number in range(3):
        folders = [lab.cwd / f"{name}{number}" for name in scripts]
        for folder in folders:
            folder.mkdir()
        calls = zip(folders, scripts.values(), strict=True)
        lab.script(answer(*(run(folder.name, script, workdir=str(folder)) for folder, script in calls)))
        turn_id = await probe.start_turn(thread_id)
        with trio.fail_after(30):
            while not all((folder / "ready").exists() for folder in folders):  # noqa: ASYNC110  # commands make them
                await trio.sleep(0.01)
        await interrupt(probe, thread_id, turn_id)
        await probe.finish_turn(turn_id)
        assert [folder.name for folder in folders if (folder / "went-on").exists()] == []


async def test_an_interrupted_command_is_completed_as_failed_and_says_so(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "printf begun; sleep 300")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/commandExecution/outputDelta")
    await interrupt(probe, thread_id, turn_id)
    [item] = (await probe.finish_turn(turn_id)).items("commandExecution")
    assert (item["status"], item["exitCode"]) == ("failed", -1)
    assert item["aggregatedOutput"] == "begun\n[killed: the turn was interrupted]\n"
    [stored] = (await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True}))["thread"]["turns"]
    assert [kept for kept in stored["items"] if kept["type"] == "commandExecution"] == [item]


async def test_an_interrupted_command_is_told_to_the_model_next_time(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "touch started; sleep 30; echo x > done")), answer(message("Next.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/started", where=lambda params: params["item"]["type"] == "commandExecution")
    await interrupt(probe, thread_id, turn_id)
    turn = await probe.finish_turn(turn_id)
    assert turn.methods.count("thread/tokenUsage/updated") == 1
    await probe.run_turn(thread_id, "again")
    told = lab.model.requests[1]
    assert told.output_of("c1") == text_with("aborted by user")
    assert any("<turn_aborted>" in text for text in told.texts("user"))


async def test_an_interrupt_while_the_client_is_asked_takes_the_question_back(lab: Lab) -> None:
    lab.configure(approval_policy="on-request", sandbox_mode="workspace-write")
    wish = {"sandbox_permissions": "require_escalated", "justification": "It has to."}
    lab.script(answer(run("c1", "touch n1", **wish)), answer(message("Next.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        turn_id = await probe.start_turn(thread_id)
        question = await probe.until(APPROVAL)
        await interrupt(probe, thread_id, turn_id)
        turn = await probe.finish_turn(turn_id)
        assert turn.status == "interrupted"
        await probe.until("serverRequest/resolved", where=lambda params: params["requestId"] == question["id"])
        await probe.respond(question, {"decision": "accept"})
        await probe.run_turn(thread_id, "again")
    assert not (lab.cwd / "n1").exists()
    assert lab.model.requests[1].output_of("c1") == text_with("aborted")


async def test_a_command_that_its_turn_left_running_is_failed_when_the_server_ends(lab: Lab) -> None:
    lab.script(answer(run("c1", "echo one; sleep 300", yield_time_ms=250)), answer(message("Started.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        await probe.run_turn(thread_id)
    async with lab.run() as probe:
        read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    [turn] = read["thread"]["turns"]
    ends = [(item["status"], item["exitCode"]) for item in turn["items"] if item["type"] == "commandExecution"]
    assert (turn["status"], ends) == ("completed", [("failed", -1)])


async def test_an_interrupt_that_names_no_running_turn_is_refused(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(answer(message_of(["One", gate, "."])))
    thread_id = (await probe.start_thread())["id"]
    error = await probe.refusal("turn/interrupt", {"threadId": thread_id, "turnId": "nope"})
    assert (error.code, error.message) == (-32600, "no active turn to interrupt")
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta")
    error = await probe.refusal("turn/interrupt", {"threadId": thread_id, "turnId": "nope"})
    assert error.message == f"expected active turn id nope but found {turn_id}"
    gate.open()
    await probe.finish_turn(turn_id)
    error = await probe.refusal("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
    assert error.message == "no active turn to interrupt"


async def test_the_thread_works_on_after_an_interrupt(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(answer(message_of(["One", gate])), answer(message("Two.")))
    thread_id = (await probe.start_thread())["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta")
    await interrupt(probe, thread_id, turn_id)
    await probe.finish_turn(turn_id)
    turn = await probe.run_turn(thread_id, "again")
    assert (turn.status, turn.text) == ("completed", "Two.")


# Steering


async def test_what_is_said_while_the_model_speaks_is_heard_at_once(lab: Lab, probe: Probe) -> None:
    endless = Gate()
    lab.script(answer(message_of(["One", endless, "."], item_id="m1")), answer(message("Two.", item_id="m2")))
    thread_id = (await probe.start_thread())["id"]
    turn_id = await probe.start_turn(thread_id, "first")
    await probe.until("item/agentMessage/delta")
    params: Message = {
        "threadId": thread_id,
        "expectedTurnId": turn_id,
        "input": [{"type": "text", "text": "also this"}],
    }
    assert await probe.request("turn/steer", params) == {"turnId": turn_id}
    turn = await probe.finish_turn(turn_id)
    assert [item["content"][0]["text"] for item in turn.items("userMessage")] == ["first", "also this"]
    assert lab.model.requests[1].texts("user")[-1] == "also this"
    assert (turn.text, turn.methods.count("turn/started")) == ("Two.", 1)
    assert [item["id"] for item in turn.items("agentMessage")] == ["m2"]


async def test_what_is_said_while_a_command_runs_reaches_the_model_with_its_output(lab: Lab, probe: Probe) -> None:
    lab.script(answer(run("c1", "touch started; while ! test -e go; do sleep 0.02; done")), answer(message("Two.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn_id = await probe.start_turn(thread_id, "first")
    await probe.until("item/started", where=lambda params: params["item"]["type"] == "commandExecution")
    text = [{"type": "text", "text": "also this"}]
    await probe.request("turn/steer", {"threadId": thread_id, "expectedTurnId": turn_id, "input": text})
    (lab.cwd / "go").touch()
    turn = await probe.finish_turn(turn_id)
    assert turn.text == "Two."
    [_, second] = lab.model.requests
    assert [item["type"] for item in second.input[-2:]] == ["function_call_output", "message"]
    assert second.texts("user")[-1] == "also this"


async def test_steering_is_refused_without_the_turn_that_it_expects(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(answer(message_of(["One", gate, "."])))
    thread_id = (await probe.start_thread())["id"]

    async def refused(expected: str, *texts: str) -> str:
        content = [{"type": "text", "text": text} for text in texts]
        params: Message = {"threadId": thread_id, "expectedTurnId": expected, "input": content}
        error = await probe.refusal("turn/steer", params)
        assert error.code == -32600
        return error.message

    assert await refused("x", "text") == "no active turn to steer"
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta")
    assert await refused("", "text") == "expectedTurnId must not be empty"
    assert await refused("x", "text") == f"expected active turn id `x` but found `{turn_id}`"
    assert await refused(turn_id) == "input must not be empty"
    error = await probe.refusal("turn/start", {"threadId": thread_id, "input": []})
    assert (error.code, error.message) == (-32603, "failed to submit turn input: EmptyInput")
    gate.open()
    await probe.finish_turn(turn_id)


async def test_what_was_said_in_full_before_an_interrupt_is_unread(lab: Lab, probe: Probe) -> None:
    gate = Gate()
    lab.script(answer(message("First.", item_id="m1"), message_of(["Sec", gate, "ond."], item_id="m2")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn_id = await probe.start_turn(thread_id)
    await probe.until("item/agentMessage/delta", where=lambda params: params["itemId"] == "m2")
    await interrupt(probe, thread_id, turn_id)
    turn = await probe.finish_turn(turn_id)
    assert turn.status == "interrupted"
    [told] = turn.of("thread/readState/changed")
    assert told["readState"]["firstUnread"] == {"type": "turn", "turnId": turn_id}


async def test_an_ephemeral_thread_has_nothing_to_be_read_later(lab: Lab, probe: Probe) -> None:
    lab.script(answer(message("Hi.", item_id="m1")), answer(message("Hi.", item_id="m2")))
    fleeting = (await probe.start_thread(cwd=str(lab.cwd), ephemeral=True))["id"]
    assert not (await probe.run_turn(fleeting, "hello")).of("thread/readState/changed")
    kept = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    assert len((await probe.run_turn(kept, "hello")).of("thread/readState/changed")) == 1

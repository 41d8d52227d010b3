"""Commands that a user runs in a thread by hand."""

from typing import Any

import pytest

from codex_trio.client.turns import as_input
from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Probe
from codex_trio.conformance.processes import is_alive
from codex_trio.testing.model_script import Gate, answer, message, message_of

METHOD = "thread/shellCommand"
KIND = "commandExecution"


async def thread(lab: Lab, probe: Probe, **params: Any) -> str:
    """Return a new thread."""
    return (await probe.start_thread(cwd=str(lab.cwd), **params))["id"]


async def begin(probe: Probe, thread_id: str, command: str, **params: Any) -> str:
    """Run a command while nothing runs; return its turn."""
    probe.log.skip()
    assert await probe.request(METHOD, {"threadId": thread_id, "command": command, **params}) == {}
    return (await probe.until("turn/started", thread_id=thread_id))["params"]["turn"]["id"]


async def run(probe: Probe, thread_id: str, command: str, **params: Any) -> FinishedTurn:
    """Run a command while nothing runs, to its end."""
    return await probe.finish_turn(await begin(probe, thread_id, command, **params))


def told(request: Any) -> list[str]:
    """Return what a request tells of such commands."""
    return [text for text in request.texts("user") if text.startswith("<user_shell_command>")]


async def test_a_command_alone_is_a_turn_outside_of_the_sandbox(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe, sandbox="read-only")
    turn = await run(probe, thread_id, "echo out; touch made; exit 3")
    assert (lab.cwd / "made").exists()
    assert (turn.status, turn.final["items"]) == ("completed", [])
    [started], [item] = turn.started(KIND), turn.items()
    assert (started["status"], started["source"], started["processId"]) == ("inProgress", "userShell", None)
    assert item["command"].endswith("-lc 'echo out; touch made; exit 3'")
    assert (item["status"], item["exitCode"], item["aggregatedOutput"]) == ("failed", 3, "out\n")
    assert [one["delta"] for one in turn.of("item/commandExecution/outputDelta")] == ["out\n"]
    assert "thread/readState/changed" not in turn.methods
    assert lab.model.requests == []


async def test_the_model_reads_how_a_command_went(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    await run(probe, thread_id, "echo out; exit 3")
    lab.script(answer(message("I see.")))
    await probe.run_turn(thread_id, "And?")
    [text] = told(lab.model.requests[0])
    head, tail = text.split("Duration: ")
    assert head == "<user_shell_command>\n<command>\necho out; exit 3\n</command>\n<result>\nExit code: 3\n"
    assert tail.endswith(" seconds\nOutput:\nout\n\n</result>\n</user_shell_command>")


async def test_a_command_during_a_turn_belongs_to_it_and_the_model_reads_of_it(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    gate = Gate()
    lab.script(answer(message_of(["First ", gate, "words."])), answer(message("I see.", item_id="m2")))
    probe.log.skip()
    turn_id = await probe.start_turn(thread_id, "Hi")
    await probe.until("item/agentMessage/delta")
    assert await probe.request(METHOD, {"threadId": thread_id, "command": "echo beside"}) == {}
    ended = await probe.until("item/completed", where=lambda params: params["item"]["type"] == KIND)
    gate.open()
    turn = await probe.finish_turn(turn_id)
    assert ended["params"]["turnId"] == turn_id
    assert ended["params"]["item"]["aggregatedOutput"] == "beside\n"
    assert [item["text"] for item in turn.items("agentMessage")] == ["First words.", "I see."]
    first, second = lab.model.requests
    assert (told(first), len(told(second))) == ([], 1)
    assert second.texts("assistant") == ["First words."]


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"command": ""}, "command must not be empty"),
        ({"command": " \n"}, "command must not be empty"),
        ({"command": "true", "timeoutMs": -1}, "thread/shellCommand timeoutMs must be non-negative, got -1"),
    ],
    ids=["empty", "blank", "before now"],
)
async def test_a_command_that_cannot_be_run_is_refused(
    lab: Lab, probe: Probe, params: dict[str, Any], error: str
) -> None:
    thread_id = await thread(lab, probe)
    assert (await probe.refusal(METHOD, {"threadId": thread_id, **params})).message == error
    assert (await run(probe, thread_id, "true")).items()[0]["status"] == "completed"


async def test_a_command_is_ended_when_its_time_is_over(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    turn = await run(probe, thread_id, "sleep 60", timeoutMs=1)
    [item] = turn.items()
    assert (turn.status, item["status"], item["exitCode"]) == ("completed", "failed", -1)
    assert (await run(probe, thread_id, "true")).items()[0]["status"] == "completed"


async def test_an_interrupted_command_is_ended_with_all_that_it_started(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    turn_id = await begin(probe, thread_id, "sleep 60 & echo $!; wait")
    pid = int((await probe.until("item/commandExecution/outputDelta"))["params"]["delta"])
    assert await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id}) == {}
    turn = await probe.finish_turn(turn_id)
    [item] = turn.items()
    assert (turn.status, item["status"], item["exitCode"]) == ("interrupted", "failed", -1)
    assert not is_alive(pid)
    lab.script(answer(message("I see.")))
    await probe.run_turn(thread_id, "And?")
    [text] = told(lab.model.requests[0])
    assert "Exit code: -1\n" in text


@pytest.mark.parametrize("method", ["turn/steer", "turn/start"])
async def test_what_is_said_during_a_command_is_answered_after_it(lab: Lab, probe: Probe, method: str) -> None:
    thread_id = await thread(lab, probe)
    lab.script(answer(message("It is there.")))
    turn_id = await begin(probe, thread_id, "while [ ! -e go ]; do sleep 0.02; done; echo here")
    params: dict[str, Any] = {"threadId": thread_id, "input": as_input("Is it there?")}
    result = await probe.request(method, params | ({"expectedTurnId": turn_id} if method == "turn/steer" else {}))
    assert (result["turnId"] if method == "turn/steer" else result["turn"]["id"]) == turn_id
    (lab.cwd / "go").touch()
    turn = await probe.finish_turn(turn_id)
    assert [item["type"] for item in turn.items()] == [KIND, "userMessage", "agentMessage"]
    [request] = lab.model.requests
    assert (len(told(request)), request.texts("user")[-1]) == (1, "Is it there?")

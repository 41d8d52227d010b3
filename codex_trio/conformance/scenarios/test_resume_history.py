"""`thread/resume` with model items in place of a stored thread."""

from typing import Any

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Probe
from codex_trio.conformance.threads import UNKNOWN_THREAD, said, thread_with_turns, turn_ids
from codex_trio.testing.model_script import answer, message

HISTORY: list[dict[str, Any]] = [
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "old question"}]},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "old answer"}]},
]


async def resume(probe: Probe, **params: Any) -> dict[str, Any]:
    return await probe.request("thread/resume", {"threadId": UNKNOWN_THREAD, "history": HISTORY, **params})


async def test_a_new_thread_begins_with_the_items(lab: Lab, probe: Probe) -> None:
    thread = (await resume(probe, cwd=str(lab.cwd)))["thread"]
    assert thread["id"] not in ("", UNKNOWN_THREAD)
    assert (thread["preview"], thread["turns"], thread["status"]) == ("old question", [], {"type": "idle"})
    assert (thread["forkedFromId"], thread["sessionId"]) == (None, thread["id"])
    assert (await probe.request("thread/loaded/list"))["data"] == [thread["id"]]
    assert await said(lab, probe, thread["id"]) == (["old question", "and now?"], ["old answer"])
    assert len(await turn_ids(probe, thread["id"])) == 1


async def test_a_thread_made_from_items_runs_with_what_the_request_asks_for(lab: Lab, probe: Probe) -> None:
    resumed = await resume(probe, cwd=str(lab.cwd), model="gpt-5.4", approvalPolicy="on-request", sandbox="read-only")
    assert (resumed["model"], resumed["approvalPolicy"], resumed["cwd"]) == ("gpt-5.4", "on-request", str(lab.cwd))
    assert resumed["sandbox"] == {"type": "readOnly", "networkAccess": False}
    assert (resumed["turnsBackwardsCursor"], resumed["itemsBackwardsCursor"]) == (None, None)
    lab.script(answer(message("Hi.")))
    await probe.run_turn(resumed["thread"]["id"])
    assert lab.model.requests[-1].body["model"] == "gpt-5.4"


async def test_a_thread_made_from_items_is_stored_and_goes_on_after_a_restart(lab: Lab) -> None:
    async with lab.run() as probe:
        thread = (await resume(probe, cwd=str(lab.cwd)))["thread"]
        assert [str(path) for path in lab.rollouts()] == [thread["path"]]
    async with lab.run() as probe:
        await probe.request("thread/resume", {"threadId": thread["id"]})
        assert await said(lab, probe, thread["id"]) == (["old question", "and now?"], ["old answer"])


async def test_calls_and_their_outputs_come_along_and_items_of_no_known_kind_do_no_harm(lab: Lab, probe: Probe) -> None:
    call = {"type": "function_call", "name": "exec_command", "arguments": '{"cmd":"true"}', "call_id": "c1"}
    output = {"type": "function_call_output", "call_id": "c1", "output": "done"}
    history = [HISTORY[0], call, output, {"type": "strange", "x": 1}, HISTORY[1]]
    thread = (await resume(probe, history=history, cwd=str(lab.cwd)))["thread"]
    assert await said(lab, probe, thread["id"]) == (["old question", "and now?"], ["old answer"])
    request = lab.model.requests[-1]
    assert request.output_of("c1") == "done"
    assert "strange" not in [item["type"] for item in request.input]


async def test_a_loaded_thread_is_not_given_another_history(lab: Lab, probe: Probe) -> None:
    thread_id, _ = await thread_with_turns(lab, probe, 1)
    error = await probe.refusal("thread/resume", {"threadId": thread_id, "history": HISTORY})
    text = f"cannot resume thread {thread_id} with history while it is already running"
    assert (error.code, error.message) == (-32600, text)


async def test_a_history_that_is_none_is_refused(probe: Probe) -> None:
    error = await probe.refusal("thread/resume", {"threadId": UNKNOWN_THREAD, "history": []})
    assert (error.code, error.message) == (-32600, "history must not be empty")
    error = await probe.refusal("thread/resume", {"threadId": UNKNOWN_THREAD, "history": [3]})
    assert error.code == -32600
    assert error.message.startswith("Invalid request: invalid type: integer `3`, expected")

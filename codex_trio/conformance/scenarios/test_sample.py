"""Asking a thread's model something beside its turns, and handing it an approved plan."""

from typing import Any

import msgspec
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import WAIT_SECONDS, Probe
from codex_trio.testing.model_script import Gate, answer, function_call, http_error, message, message_of

NOBODY = "01a22ada-de99-7622-a8f7-27d308bf814c"


async def talked(lab: Lab, probe: Probe) -> tuple[str, str]:
    """Return a thread with one finished turn, and that turn."""
    lab.script(answer(message("Hello.")))
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    turn = await probe.run_turn(thread_id, "Hi")
    return thread_id, turn.id


def asking(thread_id: str, turn_id: str, prompt: str = "Summarise", **more: Any) -> dict[str, Any]:
    return {"threadId": thread_id, "expectedTurnId": turn_id, "prompt": prompt, **more}


async def test_a_sample_goes_on_from_the_thread_and_leaves_it_as_it_is(lab: Lab, probe: Probe) -> None:
    thread_id, turn_id = await talked(lab, probe)
    [rollout] = lab.rollouts()
    before, seen = rollout.read_bytes(), len(probe.log.from_server)
    lab.script(answer(message("They said hello.")))
    asked = asking(thread_id, turn_id, responsesapiClientMetadata={"a": "b"}, turnTrigger="predict")
    assert await probe.request("thread/sample", asked) == {
        "sourceTurnId": turn_id,
        "responseId": "resp_1",
        "text": "They said hello.",
        "inputTokens": 100,
        "cachedInputTokens": 10,
        "outputTokens": 20,
    }
    turn, sample = lab.model.requests
    assert sample.texts("user")[-2:] == ["Hi", "Summarise"]
    assert sample.texts("assistant") == ["Hello."]
    assert sample.tool_names == turn.tool_names
    assert sample.body["prompt_cache_key"] == thread_id
    assert sample.headers["session-id"] == thread_id
    fork_id = sample.headers["thread-id"]
    assert fork_id != thread_id
    told = msgspec.json.decode(sample.headers["x-codex-turn-metadata"])
    assert (told["forked_from_thread_id"], told["thread_id"]) == (thread_id, fork_id)
    assert (told["history_initialization"], told["turn_trigger"], told["a"]) == ("warm_fork", "predict", "b")
    await probe.request("thread/loaded/list")
    assert [message for message in probe.log.from_server[seen:] if "method" in message] == []
    assert rollout.read_bytes() == before
    lab.script(answer(message("Again.", item_id="m2")))
    await probe.run_turn(thread_id, "Next")
    assert "Summarise" not in lab.model.requests[-1].texts("user")


async def test_a_tool_that_a_sample_calls_is_not_run(lab: Lab, probe: Probe) -> None:
    thread_id, turn_id = await talked(lab, probe)
    lab.script(answer(function_call("exec_command", {"cmd": "touch made"}, call_id="c1")), answer())
    for _ in range(2):
        assert (await probe.request("thread/sample", asking(thread_id, turn_id)))["text"] is None
    assert not (lab.cwd / "made").exists()


async def test_a_sample_that_the_provider_refuses_says_why(lab: Lab, probe: Probe) -> None:
    thread_id, turn_id = await talked(lab, probe)
    lab.script(http_error(400, {"error": {"message": "bad"}}))
    error = await probe.refusal("thread/sample", asking(thread_id, turn_id))
    assert error.code == -32603
    assert "bad" in error.message


async def test_a_sample_can_be_given_up(lab: Lab, probe: Probe) -> None:
    thread_id, turn_id = await talked(lab, probe)
    gate = Gate()
    lab.script(answer(gate, message("Never said.")))
    await probe.send({"id": "sample", "method": "thread/sample", "params": asking(thread_id, turn_id)})
    await gate.reached.wait()
    assert await probe.request("thread/sample/cancel", {"requestId": "sample"}) == {}
    ended = await probe.next(lambda message: message.get("id") == "sample", "the sample's end")
    assert ended["error"] == {"code": -32603, "message": "sample canceled"}
    await lab.model.requests[-1].client_left.wait()
    for gone in ("sample", 999, "nobody's"):
        assert await probe.request("thread/sample/cancel", {"requestId": gone}) == {}


async def test_a_running_turn_is_sampled_only_where_that_is_said(lab: Lab, probe: Probe) -> None:
    thread_id, finished = await talked(lab, probe)
    gate = Gate()
    lab.script(answer(gate, message("Done.", item_id="m2")))
    running = await probe.start_turn(thread_id, "Work")
    await gate.reached.wait()
    for turn_id in (running, finished):
        error = await probe.refusal("thread/sample", asking(thread_id, turn_id))
        assert (error.code, error.message) == (-32600, "sample source must be idle")
    lab.script(answer(message("Working.", item_id="m3")))
    said = await probe.request("thread/sample", asking(thread_id, running, allowInProgressTurn=True))
    assert (said["sourceTurnId"], said["text"]) == (running, "Working.")
    gate.open()
    assert (await probe.finish_turn(running)).text == "Done."
    error = await probe.refusal("thread/sample", asking(thread_id, finished))
    assert (error.code, error.message) == (-32600, "sample source turn must be the latest finished turn")


async def test_samples_of_what_is_not_there_are_refused(lab: Lab, probe: Probe) -> None:
    thread_id, turn_id = await talked(lab, probe)
    unsaid = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    ephemeral = (await probe.start_thread(cwd=str(lab.cwd), ephemeral=True))["id"]
    latest = "sample source turn must be the latest finished turn"
    bounds = "thread/sample requires expectedTurnId and a prompt of at most 4000 bytes"
    unreadable = (
        "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found `n` at 1"
    )
    for params, words in (
        (asking(thread_id, NOBODY), latest),
        (asking(thread_id, "nope"), latest),
        (asking(thread_id, turn_id, ""), bounds),
        (asking(thread_id, "", "x"), bounds),
        (asking(thread_id, turn_id, "\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 2001), bounds),
        (asking(NOBODY, turn_id), "thread/sample requires a loaded source"),
        (asking("nope", turn_id), unreadable),
        (asking(unsaid, turn_id), f"invalid thread-store request: no rollout found for thread id {unsaid}"),
        (asking(ephemeral, turn_id), "sample source must be a persistent root thread"),
    ):
        error = await probe.refusal("thread/sample", params)
        assert (error.code, error.message) == (-32600, words)


# Approved plans


async def test_an_approved_plan_is_told_to_the_model(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    plan = "# Plan\n\n1. Do it."
    params = {"threadId": thread_id, "markdown": plan}
    missing = {"attachmentPath": str(lab.cwd / "missing.md")}
    (lab.cwd / "other.md").write_text(f"{plan} And more.")
    other = {"attachmentPath": str(lab.cwd / "other.md")}
    for where in ({}, missing, other):
        prepared = await probe.request("thread/prepareApprovedPlan", {**params, **where})
        assert prepared == {"prompt": "Implement the plan."}
    lab.script(answer(message("Done.")))
    await probe.run_turn(thread_id, "Implement the plan.")
    told = [item for item in lab.model.requests[0].input if item["type"] == "function_call_output"]
    assert [(item["name"], item["namespace"], item["output"]) for item in told] == [
        ("proposed_plan", "agent", plan)
    ] * 3


async def test_a_plan_in_a_file_is_for_the_model_to_read(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    file = lab.cwd / "plan.md"
    file.write_text("The plan.")
    params = {"threadId": thread_id, "markdown": "The plan.", "attachmentPath": str(file)}
    prepared = await probe.request("thread/prepareApprovedPlan", params)
    assert prepared == {"prompt": f"Read the approved plan at {file} and implement it."}
    lab.script(answer(message("Done.")))
    await probe.run_turn(thread_id, prepared["prompt"])
    assert [item for item in lab.model.requests[0].input if item["type"] == "function_call_output"] == []


async def test_no_plan_is_handed_to_a_thread_at_work(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    gate = Gate()
    lab.script(answer(message_of(["At", gate, " work."])))
    turn_id = await probe.start_turn(thread_id)
    with trio.fail_after(WAIT_SECONDS):
        await gate.reached.wait()
    error = await probe.refusal("thread/prepareApprovedPlan", {"threadId": thread_id, "markdown": "x"})
    assert (error.code, error.message) == (-32600, "The thread already has an active turn.")
    gate.open()
    assert (await probe.finish_turn(turn_id)).status == "completed"


async def test_plans_that_cannot_be_handed_over_are_refused(lab: Lab, probe: Probe) -> None:
    thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
    large = "Input exceeds the maximum length of 1048576 characters."
    for params, code, words in (
        ({"markdown": ""}, -32600, "The approved plan is empty."),
        ({"markdown": " \n"}, -32600, "The approved plan is empty."),
        ({"markdown": "x", "threadId": NOBODY}, -32600, f"thread not found: {NOBODY}"),
        ({"markdown": "x", "attachmentPath": "x.md"}, -32602, "`attachmentPath` must be absolute on the app server"),
        ({"markdown": "x" * 1_048_577}, -32602, large),
    ):
        error = await probe.refusal("thread/prepareApprovedPlan", {"threadId": thread_id, **params})
        assert (error.code, error.message) == (code, words)

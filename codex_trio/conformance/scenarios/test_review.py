"""Having code reviewed."""

import json
from typing import Any

from codex_trio.client.turns import as_input
from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, Probe
from codex_trio.testing.model_script import (
    Answer,
    Gate,
    Reply,
    Usage,
    answer,
    failed,
    function_call,
    http_error,
    message,
    message_of,
    reasoning,
)

FINDING = {
    "title": "[P1] Off by one",
    "body": "It goes too far.\nBy one.",
    "confidence_score": 0.9,
    "priority": 1,
    "code_location": {"absolute_file_path": "/w/a.py", "line_range": {"start": 3, "end": 4}},
}
FOUND: dict[str, Any] = {
    "findings": [FINDING],
    "overall_correctness": "patch is incorrect",
    "overall_explanation": "Nearly fine.",
    "overall_confidence_score": 0.8,
}
SHOWN = "Nearly fine.\n\nReview comment:\n\n- [P1] Off by one — /w/a.py:3-4\n  It goes too far.\n  By one."
UNCOMMITTED = {"type": "uncommittedChanges"}


def says(output: Any) -> Answer:
    """Return a reviewer's answer."""
    return answer(message(output if isinstance(output, str) else json.dumps(output)))


async def thread(lab: Lab, probe: Probe, **params: Any) -> str:
    """Return a new thread."""
    return (await probe.start_thread(cwd=str(lab.cwd), **params))["id"]


async def begin(probe: Probe, thread_id: str, target: Any = UNCOMMITTED) -> str:
    """Start a review; return its turn."""
    probe.log.skip()
    return (await probe.request("review/start", {"threadId": thread_id, "target": target}))["turn"]["id"]


async def review(lab: Lab, probe: Probe, thread_id: str, *replies: Reply, target: Any = UNCOMMITTED) -> FinishedTurn:
    """Have a review made, to its end."""
    lab.script(*replies)
    return await probe.finish_turn(await begin(probe, thread_id, target))


TARGETS: list[tuple[Any, str, str]] = [
    (UNCOMMITTED, "current changes", "untracked"),
    ({"type": "commit", "sha": "0123456789abcdef"}, "commit 0123456", "0123456789abcdef"),
    ({"type": "commit", "sha": "0123456789", "title": "Fix it"}, "commit 0123456: Fix it", "Fix it"),
    ({"type": "custom", "instructions": " Look at it.\n"}, "Look at it.", "Look at it."),
]


async def check_target(lab: Lab, probe: Probe, target: Any, hint: str, part: str) -> None:
    """The target is named to clients, and told to the reviewer."""
    thread_id = await thread(lab, probe)
    lab.script(says(FOUND))
    probe.log.skip()
    result = await probe.request("review/start", {"threadId": thread_id, "target": target, "delivery": "inline"})
    turn = await probe.finish_turn(result["turn"]["id"])
    assert result["reviewThreadId"] == thread_id
    [named] = result["turn"]["items"]
    assert (named["type"], named["content"][0]["text"], result["turn"]["status"]) == ("userMessage", hint, "inProgress")
    assert [item["review"] for item in turn.items("enteredReviewMode")] == [hint]
    [asked] = turn.items("userMessage")
    assert part in asked["content"][0]["text"]
    assert lab.model.requests[-1].texts("user")[-1] == asked["content"][0]["text"]


async def test_each_target_is_named_and_told_to_the_reviewer(lab: Lab, probe: Probe) -> None:
    for target, hint, part in TARGETS:
        await check_target(lab, probe, target, hint, part)


async def test_what_differs_from_a_branch_can_be_reviewed_whatever_git_says_of_it(lab: Lab, probe: Probe) -> None:
    await check_target(lab, probe, {"type": "baseBranch", "branch": " main "}, "changes against 'main'", "main")


async def test_what_was_found_is_shown_and_read_by_the_threads_model(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    lab.script(answer(message("Hello.")))
    await probe.run_turn(thread_id, "Hi")
    turn = await review(lab, probe, thread_id, says(FOUND))
    assert turn.status == "completed"
    assert [item["review"] for item in turn.items("exitedReviewMode")] == [SHOWN]
    assert [item["text"] for item in turn.items("agentMessage")] == [SHOWN]
    assert [item["text"] for item in turn.final["items"]] == [SHOWN]
    lab.script(answer(message("I will.", item_id="m9")))
    await probe.run_turn(thread_id, "Mend it")
    asked, after = lab.model.requests[1:]
    # The reviewer begins with nothing of the conversation, and the conversation goes on without its words.
    assert asked.texts("assistant") == []
    assert "Hi" not in asked.texts("user")
    assert after.texts("assistant") == ["Hello.", SHOWN]
    assert "confidence_score" not in "".join(after.texts("user"))
    assert "<action>review</action>" in after.texts("user")[-2]
    assert SHOWN.splitlines()[-1] in after.texts("user")[-2]


async def test_the_reviewer_is_another_model_with_the_same_rights_that_asks_nobody(lab: Lab) -> None:
    lab.configure(extra='review_model = "gpt-5.4"', approval_policy="on-request", sandbox_mode="read-only")
    async with lab.run() as probe:
        thread_id = await thread(lab, probe)
        looks = function_call("exec_command", {"cmd": "touch made; echo looked"}, call_id="c1")
        asks = function_call(
            "exec_command",
            {"cmd": "touch made", "sandbox_permissions": "require_escalated", "justification": "May I?"},
            call_id="c2",
        )
        turn = await review(lab, probe, thread_id, answer(looks, asks), says(FOUND))
        assert (turn.status, "item/commandExecution/requestApproval" in turn.methods) == ("completed", False)
        first, last = lab.model.requests
        assert (first.body["model"], first.headers["x-openai-subagent"]) == ("gpt-5.4", "review")
        assert first.headers["x-codex-parent-thread-id"] == first.headers["session-id"] == thread_id
        assert first.headers["thread-id"] == last.headers["thread-id"] != thread_id
        assert "looked" in last.output_of("c1")
        assert "reject" in last.output_of("c2")
        [shown] = turn.items("commandExecution")
        assert (shown["id"], shown["status"]) == ("c1", "completed")
        assert {params["turnId"] for params in turn.of("item/started", "item/completed")} == {turn.id}
        assert not (lab.cwd / "made").exists()


async def test_what_a_reviewer_uses_counts_and_takes_no_room_in_the_thread(lab: Lab) -> None:
    async with lab.run() as probe:
        thread_id = await thread(lab, probe)
        lab.script(answer(message("Hello.")))
        await probe.run_turn(thread_id, "Hi")
        looks = answer(function_call("exec_command", {"cmd": "true"}, call_id="c1"), usage=Usage(5_000))
        turn = await review(lab, probe, thread_id, looks, says(FOUND))
        told = turn.of("thread/tokenUsage/updated")
        assert told
        used = told[-1]["tokenUsage"]
        assert (used["total"]["inputTokens"], used["last"]["inputTokens"]) == (100 + 5_000 + 100, 100)
        failing = await review(lab, probe, thread_id, answer(failed("invalid_prompt", "No."), usage=None))
        assert failing.status == "failed"
    async with lab.run() as probe:
        probe.log.skip()
        await probe.request("thread/resume", {"threadId": thread_id})
        assert (await probe.until("thread/tokenUsage/updated"))["params"]["tokenUsage"]["total"] == used["total"]


async def test_a_turn_has_one_id_from_its_answer_to_its_end(lab: Lab, probe: Probe) -> None:
    turn = await review(lab, probe, await thread(lab, probe), says(FOUND))
    assert [params["turn"]["id"] for params in turn.of("turn/started", "turn/completed")] == [turn.id] * 2


async def test_every_item_that_begins_ends(lab: Lab, probe: Probe) -> None:
    looks = [reasoning(["**Look**"]), message("Let me look.", item_id="m1", phase="commentary")]
    calls = function_call("exec_command", {"cmd": "true"}, call_id="c1")
    turn = await review(lab, probe, await thread(lab, probe), answer(*looks, calls), says(FOUND))
    started, completed = (
        [params["item"]["id"] for params in turn.of(f"item/{end}")] for end in ("started", "completed")
    )
    assert sorted(started) == sorted(completed)


ODD_ANSWERS: list[tuple[Any, str]] = [
    ("All is well.", "All is well."),
    (
        f"So: ```json\n{json.dumps({**FOUND, 'findings': [], 'overall_explanation': 'Fine.'})}\n``` Bye.",
        "Fine.",
    ),
    ('{"findings": "many"}', '{"findings": "many"}'),
    ('{"findings": [{"title": "Half"}]}', '{"findings": [{"title": "Half"}]}'),
    ("[" * 3000, "[" * 3000),
    (
        {**FOUND, "findings": [FINDING, {**FINDING, "title": "Other", "body": ""}]},
        SHOWN.replace("Review comment:", "Full review comments:") + "\n\n- Other — /w/a.py:3-4",
    ),
]


async def test_an_answer_in_any_form_is_shown(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    for output, shown in ODD_ANSWERS:
        turn = await review(lab, probe, thread_id, says(output))
        assert turn.status == "completed"
        assert [item["review"].rstrip() for item in turn.items("exitedReviewMode")] == [shown]


async def test_a_review_that_fails_says_why_and_the_next_turn_works(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    for reply in (http_error(400, {"error": {"message": "No."}}), answer(failed("invalid_prompt", "No."))):
        turn = await review(lab, probe, thread_id, reply)
        assert (turn.status, "No." in turn.error["message"]) == ("failed", True)
        assert len(turn.items("exitedReviewMode")) == 1
        lab.script(answer(message("Hello.", item_id="m9")))
        assert (await probe.run_turn(thread_id, "Hi")).text == "Hello."


async def test_a_review_is_stopped_by_the_id_that_its_request_was_answered_with(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    gate = Gate()
    lab.script(answer(reasoning(["**Look**"]), gate, message("Late.")))
    turn_id = await begin(probe, thread_id)
    await probe.until("item/completed", where=lambda params: params["item"]["type"] == "reasoning")
    assert await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id}) == {}
    turn = await probe.finish_turn(turn_id)
    assert turn.status == "interrupted"
    [exited] = turn.items("exitedReviewMode")
    assert "again" in exited["review"]
    lab.script(answer(message("Hello.", item_id="m9")))
    assert (await probe.run_turn(thread_id, "Hi")).text == "Hello."


async def test_a_review_cannot_be_told_more(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    gate = Gate()
    lab.script(answer(reasoning(["**Look**"]), gate, message("Fine.")))
    turn_id = await begin(probe, thread_id)
    await probe.until("item/completed", where=lambda params: params["item"]["type"] == "reasoning")
    said = {"threadId": thread_id, "input": as_input("And this?")}
    error = await probe.refusal("turn/steer", {**said, "expectedTurnId": turn_id})
    assert (error.code, error.message) == (-32600, "cannot steer a review turn")
    assert error.data["codexErrorInfo"] == {"activeTurnNotSteerable": {"turnKind": "review"}}
    assert "ActiveTurnNotSteerable { turn_kind: Review }" in (await probe.refusal("turn/start", said)).message
    gate.open()
    assert (await probe.finish_turn(turn_id)).status == "completed"


async def test_a_turn_is_stopped_for_a_review(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    gate = Gate()
    lab.script(answer(message_of(["I ", gate, "am."])))
    running = await probe.start_turn(thread_id, "Hi")
    await probe.until("item/agentMessage/delta")
    lab.script(says(FOUND))
    before = len(probe.log.from_server)
    result = await probe.request("review/start", {"threadId": thread_id, "target": UNCOMMITTED})
    turn = await probe.finish_turn(result["turn"]["id"])
    ended = [one["params"]["turn"] for one in probe.log.from_server[before:] if one.get("method") == "turn/completed"]
    assert [(one["id"], one["status"]) for one in ended] == [(running, "interrupted"), (turn.id, "completed")]


async def test_a_target_that_says_nothing_is_refused(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    for kind, field in (("baseBranch", "branch"), ("commit", "sha"), ("custom", "instructions")):
        refused = await probe.refusal("review/start", {"threadId": thread_id, "target": {"type": kind, field: " \n"}})
        assert (refused.code, refused.message) == (-32600, f"{field} must not be empty")


async def test_a_detached_review_runs_in_a_fork_that_its_client_follows(lab: Lab, probe: Probe) -> None:
    thread_id = await thread(lab, probe)
    lab.script(answer(message("Hello.")))
    await probe.run_turn(thread_id, "Hi")
    lab.script(says(FOUND))
    probe.log.skip()
    result = await probe.request("review/start", {"threadId": thread_id, "target": UNCOMMITTED, "delivery": "detached"})
    fork = (await probe.until("thread/started"))["params"]["thread"]
    assert (fork["id"], fork["forkedFromId"]) == (result["reviewThreadId"], thread_id)
    turn = await probe.finish_turn(result["turn"]["id"])
    assert (turn.status, {params["threadId"] for params in turn.of("item/completed")}) == ("completed", {fork["id"]})
    read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    assert len(read["thread"]["turns"]) == 1

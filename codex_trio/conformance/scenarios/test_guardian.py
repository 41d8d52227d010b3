"""Automatic review of approvals: a reviewing model decides in place of the client, who is told and never asked."""

import json
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import FinishedTurn, statuses
from codex_trio.conformance.shapes import ANY_INT, ANY_STR
from codex_trio.testing.model_script import (
    Answer,
    Event,
    Gate,
    answer,
    custom_tool_call,
    function_call,
    message,
    message_of,
)

STARTED, COMPLETED = "item/autoApprovalReview/started", "item/autoApprovalReview/completed"
DENY: Event = {"outcome": "deny", "risk_level": "high", "user_authorization": "low", "rationale": "no"}
ACTIVE: Event = {"type": "active", "activeFlags": []}


@pytest.fixture
def reviewed(lab: Lab) -> Lab:
    """A server that has what leaves the sandbox reviewed."""
    lab.configure(
        approval_policy="on-request", sandbox_mode="workspace-write", extra='approvals_reviewer = "auto_review"'
    )
    return lab


def escalated(call_id: str, cmd: str) -> Answer:
    """Return a command that is to run outside of the sandbox."""
    wish = {"sandbox_permissions": "require_escalated", "justification": "It has to."}
    return answer(function_call("exec_command", {"cmd": cmd, **wish}, call_id=call_id))


def verdict(**parts: Any) -> Answer:
    return answer(message(json.dumps(parts)))


async def run(lab: Lab, *replies: Answer) -> FinishedTurn:
    lab.script(*replies)
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        return await probe.run_turn(thread_id, "please")


def reviews(turn: FinishedTurn) -> list[Event]:
    return [told["review"] for told in turn.of(COMPLETED)]


def warnings(turn: FinishedTurn) -> list[str]:
    return [told["message"] for told in turn.of("guardianWarning")]


async def test_what_is_allowed_runs_what_is_denied_does_not_and_the_client_is_told_of_both(reviewed: Lab) -> None:
    look = answer(function_call("exec_command", {"cmd": "touch spoilt; ls"}, call_id="r1"))
    allow = verdict(outcome="allow", risk_level="low", user_authorization="high", rationale="fine")
    turn = await run(
        reviewed,
        escalated("c1", "touch n1"),
        look,
        allow,
        escalated("c2", "touch n2"),
        verdict(**DENY),
        answer(message("Done.")),
    )
    assert (turn.status, turn.text) == ("completed", "Done.")
    # Nobody is asked, nor seen to be waited for.
    assert not [sent for sent in turn.messages if "id" in sent and "method" in sent]
    assert statuses(turn.messages) == [ACTIVE, {"type": "idle"}]
    told = [method for method in turn.methods if method in (STARTED, COMPLETED, "guardianWarning")]
    assert told == [STARTED, "guardianWarning", COMPLETED] * 2
    action = {
        "type": "command",
        "source": "unifiedExec",
        "command": "/bin/bash -lc 'touch n1'",
        "cwd": str(reviewed.cwd),
    }
    started, completed = turn.of(STARTED)[0], turn.of(COMPLETED)[0]
    unknown = {"status": "inProgress", "riskLevel": None, "userAuthorization": None, "rationale": None}
    shared = {"threadId": ANY_STR, "turnId": turn.id, "startedAtMs": ANY_INT, "targetItemId": "c1", "action": action}
    assert started == {**shared, "reviewId": ANY_STR, "review": unknown}
    assert completed == {
        **shared,
        "reviewId": started["reviewId"],
        "completedAtMs": ANY_INT,
        "decisionSource": "agent",
        "review": {"status": "approved", "riskLevel": "low", "userAuthorization": "high", "rationale": "fine"},
    }
    assert reviews(turn)[1] == {
        "status": "denied",
        "riskLevel": "high",
        "userAuthorization": "low",
        "rationale": "no",
    }
    assert warnings(turn) == [
        "Automatic approval review approved (risk: low, authorization: high): fine",
        "Automatic approval review denied (risk: high, authorization: low): no",
    ]
    assert [item["status"] for item in turn.items("commandExecution")] == ["completed", "declined"]
    assert sorted(path.name for path in reviewed.cwd.iterdir()) == [".git", "n1"]
    refusal = reviewed.model.requests[5].output_of("c2")
    assert "This action was rejected due to unacceptable risk." in refusal
    assert "Reason: no" in refusal


async def test_the_reviewer_has_one_conversation_of_its_own_and_can_only_read(reviewed: Lab) -> None:
    await run(
        reviewed,
        escalated("c1", "touch n1"),
        verdict(outcome="allow"),
        escalated("c2", "touch n2"),
        verdict(outcome="allow"),
        answer(message("Done.")),
    )
    own, first, _, second, _ = reviewed.model.requests
    assert first.headers["x-openai-subagent"] == "guardian"
    assert first.headers["x-codex-parent-thread-id"] == own.headers["thread-id"]
    assert first.headers["thread-id"] == second.headers["thread-id"] != own.headers["thread-id"]
    assert (first.body["model"], first.body["reasoning"]["effort"]) == (own.body["model"], "low")
    assert first.tool_names == ["exec_command", "write_stdin", "view_image"]
    form = first.body["text"]["format"]
    assert (form["type"], form["strict"], form["schema"]["required"]) == ("json_schema", False, ["outcome"])
    assert sorted(form["schema"]["properties"]) == ["outcome", "rationale", "risk_level", "user_authorization"]
    [*_, asked] = first.input
    shown = "".join(part["text"] for part in asked["content"])
    assert ">>> TRANSCRIPT START\n" in shown
    assert "user: please\n" in shown
    planned = shown.split("Planned action JSON:\n")[1].split(">>> APPROVAL REQUEST END")[0]
    assert json.loads(planned)["command"] == ["/bin/bash", "-lc", "touch n1"]
    # Later reviews go on from there, and add what is new.
    assert len(second.input) > len(first.input)
    [*_, asked] = second.input
    shown = "".join(part["text"] for part in asked["content"])
    assert ">>> TRANSCRIPT DELTA START\n" in shown
    assert "please" not in shown
    assert "[4] tool exec_command call: " in shown


@pytest.mark.parametrize(("words", "attempts"), [("Looks fine to me.", 3), ("", 1)])
async def test_without_a_verdict_nothing_runs(reviewed: Lab, words: str, attempts: int) -> None:
    no_verdict = answer(message(words))
    turn = await run(reviewed, escalated("c1", "touch n1"), *[no_verdict] * attempts, answer(message("Done.")))
    [review] = reviews(turn)
    assert (review["status"], review["riskLevel"], review["userAuthorization"]) == ("denied", None, None)
    assert review["rationale"].startswith("Automatic approval review failed: ")
    assert warnings(turn) == [review["rationale"]]
    assert (turn.text, [item["status"] for item in turn.items("commandExecution")]) == ("Done.", ["declined"])
    assert review["rationale"].partition(" `")[0] in reviewed.model.requests[-1].output_of("c1").replace("\\", "")
    assert not (reviewed.cwd / "n1").exists()


async def test_a_verdict_stands_alone(reviewed: Lab) -> None:
    doubtful = answer(message('I would say {"outcome": "allow"}, or not?'))
    await run(reviewed, escalated("c1", "touch n1"), *[doubtful] * 3, answer(message("Done.")))
    assert not (reviewed.cwd / "n1").exists()


async def test_patches_are_reviewed_too(reviewed: Lab) -> None:
    place = reviewed.base / "out.txt"
    text = f"*** Begin Patch\n*** Add File: {place}\n+hi\n*** End Patch"
    patch = answer(custom_tool_call("apply_patch", text, call_id="p1"))
    turn = await run(reviewed, patch, verdict(**DENY), answer(message("Done.")))
    [completed] = turn.of(COMPLETED)
    assert completed["action"] == {"type": "applyPatch", "cwd": str(reviewed.cwd), "files": [str(place)]}
    assert [item["status"] for item in turn.items("fileChange")] == ["declined"]
    assert (
        reviewed.model.requests[-1].output_of("p1").startswith("This action was rejected due to unacceptable risk.\n")
    )
    assert not place.exists()


async def test_the_third_denial_on_end_ends_the_turn(reviewed: Lab) -> None:
    denials = [step for number in range(3) for step in (escalated(f"c{number}", "touch n"), verdict(**DENY))]
    turn = await run(reviewed, *denials, answer(message("Never said.")))
    assert turn.status == "interrupted"
    assert warnings(turn)[-1] == (
        "Automatic approval review rejected too many approval requests for this turn (3 consecutive, 3 in the last 50 "
        "reviews); interrupting the turn."
    )
    assert [item["status"] for item in turn.items("commandExecution")] == ["declined"] * 3
    assert len(reviewed.model.requests) == 6


async def test_an_interrupted_turn_ends_its_review_and_says_so(reviewed: Lab) -> None:
    gate = Gate()
    reviewed.script(escalated("c1", "touch n1"), answer(message_of(["Well", gate], item_id="m")))
    async with reviewed.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(reviewed.cwd)))["id"]
        turn_id = await probe.start_turn(thread_id)
        await probe.until(STARTED)
        await gate.reached.wait()
        await probe.request("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
        turn = await probe.finish_turn(turn_id)
        gate.open()
    assert turn.status == "interrupted"
    assert [review["status"] for review in reviews(turn)] == ["aborted"]
    assert not (reviewed.cwd / "n1").exists()


# By hand


CALL: Event = function_call(
    "exec_command",
    {"cmd": "touch n1", "sandbox_permissions": "require_escalated", "justification": "It has to."},
    call_id="g1",
)


async def test_the_last_call_can_be_judged_without_running_it(lab: Lab) -> None:
    lab.configure(approval_policy="on-request", sandbox_mode="workspace-write")
    lab.script(answer(message("Hi.")), verdict(**DENY), answer(message("Well.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        this = {"threadId": thread_id}

        async def refused() -> str:
            return (await probe.refusal("thread/guardianReview", this)).message

        kinds = "plaintext exec_command, apply_patch, request_permissions, or MCP call"
        assert await refused() == f"expected a final {kinds}"
        await probe.run_turn(thread_id)
        assert await refused() == f"expected a completed {kinds} with a nonempty call ID"
        await probe.request("thread/inject_items", {**this, "items": [CALL["item"]]})
        judged = await probe.request("thread/guardianReview", this)
        assert judged == {
            "callId": "g1",
            "assessment": {"outcome": "deny", "riskLevel": "high", "userAuthorization": "low", "rationale": "no"},
        }
        assert (await refused()).startswith("Guardian review failed: Fatal error: Guardian assessment failed: ")
        harmless = function_call("exec_command", {"cmd": "ls"}, call_id="g2")["item"]
        await probe.request("thread/inject_items", {**this, "items": [harmless]})
        assert await probe.request("thread/guardianReview", this) == {"callId": "g2", "assessment": None}
        other = function_call("update_plan", {"plan": []}, call_id="g3")["item"]
        await probe.request("thread/inject_items", {**this, "items": [other]})
        assert await refused() == "the requested tool is unavailable on this thread"
    assert sorted(path.name for path in lab.cwd.iterdir()) == [".git"]
    assert len(lab.model.requests) == 3


async def test_a_user_can_allow_what_was_refused_and_the_next_review_sees_that(reviewed: Lab) -> None:
    reviewed.script(escalated("c1", "touch n1"), verdict(**DENY), answer(message("I gave up.")))
    async with reviewed.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(reviewed.cwd)))["id"]
        turn = await probe.run_turn(thread_id, "please")
        [told] = turn.of(COMPLETED)
        action = {**told["action"], "source": "unified_exec"}
        denial = {
            "id": told["reviewId"],
            "turn_id": turn.id,
            "target_item_id": "c1",
            "status": "denied",
            "action": action,
        }
        denial |= {
            "started_at_ms": told["startedAtMs"],
            "completed_at_ms": told["completedAtMs"],
            "decision_source": "agent",
        }

        async def approve(event: Any) -> Any:
            return await probe.request("thread/approveGuardianDeniedAction", {"threadId": thread_id, "event": event})

        for event, missing in (({}, "id"), ({"id": "x"}, "status"), ({"id": "x", "status": "denied"}, "action")):
            params = {"threadId": thread_id, "event": {**event, "turn_id": "y"}}
            refusal = await probe.refusal("thread/approveGuardianDeniedAction", params)
            assert refusal.message == f"invalid Guardian denial event: missing field `{missing}`"
        assert await approve({**denial, "status": "approved"}) == {}
        assert await approve(denial) == {}
        reviewed.script(escalated("c2", "touch n1"), verdict(outcome="allow"), answer(message("Done.")))
        await probe.run_turn(thread_id, "go on")
    own, review = reviewed.model.requests[3], reviewed.model.requests[4]
    assert sum("touch n1" in text for text in own.texts("developer")) == 1
    [*_, asked] = review.input
    shown = "".join(part["text"] for part in asked["content"])
    assert "developer: " in shown
    assert (reviewed.cwd / "n1").exists()


async def test_a_denial_may_be_given_back_as_it_was_told(reviewed: Lab) -> None:
    reviewed.script(
        escalated("c1", "touch n1"), verdict(**DENY), answer(message("I gave up.")), answer(message("Well."))
    )
    async with reviewed.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(reviewed.cwd)))["id"]
        [told] = (await probe.run_turn(thread_id)).of(COMPLETED)
        params = {"threadId": thread_id, "event": told}
        assert await probe.request("thread/approveGuardianDeniedAction", params) == {}
        await probe.run_turn(thread_id)
    assert any("touch n1" in text for text in reviewed.model.requests[3].texts("developer"))


async def test_what_a_reviewer_was_told_of_a_thread_is_deleted_with_the_thread(reviewed: Lab) -> None:
    reviewed.script(escalated("c1", "true"), verdict(outcome="allow"), answer(message("Done.")))
    async with reviewed.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(reviewed.cwd)))["id"]
        await probe.run_turn(thread_id, "please")
        listed = (await probe.request("thread/list", {"sourceKinds": ["subAgentOther"]}))["data"]
        assert [thread["parentThreadId"] for thread in listed] == [thread_id]
        await probe.request("thread/archive", {"threadId": thread_id})
        await probe.request("thread/delete", {"threadId": thread_id})
        for archived in (False, True):
            query = {"sourceKinds": ["subAgentOther"], "archived": archived}
            assert (await probe.request("thread/list", query))["data"] == []
    assert reviewed.rollouts() == []

"""Approvals: what is asked, every answer and its effect."""

from pathlib import Path
from typing import Any

import pytest

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.probe import Answerer, FinishedTurn, Message, statuses
from codex_trio.conformance.shapes import ANY_INT, text_like, text_with
from codex_trio.testing.model_script import Event, answer, custom_tool_call, function_call, message

WAITING = {"type": "active", "activeFlags": ["waitingOnApproval"]}
ACTIVE: Message = {"type": "active", "activeFlags": []}
COMMAND = "item/commandExecution/requestApproval"
PATCH = "item/fileChange/requestApproval"
REJECTED = 'exec_command failed: CreateProcess { message: "Rejected(\\"rejected by user\\")" }'


@pytest.fixture
def asking(lab: Lab) -> Lab:
    """A server that runs commands in a sandbox and asks when the model wants out of it."""
    lab.configure(approval_policy="on-request", sandbox_mode="workspace-write")
    return lab


def escalated(call_id: str, cmd: str, **arguments: Any) -> Event:
    """Return a command that the model wants to run outside the sandbox."""
    wish = {"sandbox_permissions": "require_escalated", "justification": "It has to."}
    return function_call("exec_command", {"cmd": cmd, **wish, **arguments}, call_id=call_id)


def outside_patch(call_id: str, path: Path, text: str = "hi") -> Event:
    """Return a patch that adds a file outside the workspace."""
    return custom_tool_call(
        "apply_patch", f"*** Begin Patch\n*** Add File: {path}\n+{text}\n*** End Patch", call_id=call_id
    )


def decide(*decisions: Any) -> Answerer:
    """Answer requests with these decisions, in order."""
    waiting = list(decisions)
    return lambda request: {"decision": waiting.pop(0)}


async def run(lab: Lab, *calls: Event, answers: Answerer) -> FinishedTurn:
    """Return a turn in which the model makes one call a response."""
    lab.script(*(answer(call) for call in calls), answer(message("Done.")))
    async with lab.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(lab.cwd)))["id"]
        return await probe.run_turn(thread_id, answer=answers)


# Commands


async def test_an_accepted_command_is_asked_run_and_told_in_this_order(asking: Lab) -> None:
    asking.script(answer(escalated("c1", "touch n1")), answer(message("Done.")))
    async with asking.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(asking.cwd)))["id"]
        turn = await probe.run_turn(thread_id, answer=decide("accept"))
    about_the_command = [
        sent
        for sent in turn.messages
        if sent.get("method", "").startswith(("thread/status", "serverRequest"))
        or sent.get("params", {}).get("itemId") == "c1"
        or sent.get("params", {}).get("item", {}).get("id") == "c1"
    ]
    assert [sent["method"] for sent in about_the_command] == [
        "thread/status/changed",
        "thread/status/changed",
        "item/started",
        COMMAND,
        "serverRequest/resolved",
        "thread/status/changed",
        "item/completed",
        "thread/status/changed",
    ]
    assert statuses(turn.messages) == [ACTIVE, WAITING, ACTIVE, {"type": "idle"}]
    command = {"command": "/bin/bash -lc 'touch n1'", "cwd": str(asking.cwd)}
    actions = [{"type": "unknown", "command": "touch n1"}]
    amendment = ["touch", "n1"]
    request = about_the_command[3]
    assert request == {
        "method": COMMAND,
        "id": 0,
        "params": {
            "kind": "command",
            "threadId": thread_id,
            "turnId": turn.id,
            "itemId": "c1",
            "startedAtMs": ANY_INT,
            "environmentId": "local",
            "reason": "It has to.",
            **command,
            "commandActions": actions,
            "proposedExecpolicyAmendment": amendment,
            "availableDecisions": [
                "accept",
                {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": amendment}},
                "cancel",
            ],
        },
    }
    assert about_the_command[4]["params"] == {"threadId": thread_id, "requestId": 0}
    [started] = turn.started("commandExecution")
    assert (started["processId"], started["source"], started["status"]) == (None, "agent", "inProgress")
    [item] = turn.items("commandExecution")
    assert (item["processId"], item["source"]) == (text_like(r"\d+"), "unifiedExecStartup")
    assert (item["status"], item["exitCode"]) == ("completed", 0)
    assert (asking.cwd / "n1").exists()


async def test_a_declined_command_does_not_run_and_the_turn_goes_on(asking: Lab) -> None:
    turn = await run(asking, escalated("c1", "touch n1"), answers=decide("decline"))
    [item] = turn.items("commandExecution")
    assert (item["status"], item["processId"], item["source"]) == ("declined", None, "agent")
    assert (turn.status, turn.text) == ("completed", "Done.")
    assert asking.model.requests[1].output_of("c1") == REJECTED
    assert not (asking.cwd / "n1").exists()
    assert statuses(turn.messages) == [ACTIVE, WAITING, ACTIVE, {"type": "idle"}]


async def test_a_declined_command_reads_back_as_it_was_streamed(asking: Lab) -> None:
    asking.script(answer(escalated("c1", "touch n1")), answer(message("Done.")))
    async with asking.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(asking.cwd)))["id"]
        turn = await probe.run_turn(thread_id, answer=decide("decline"))
        read = await probe.request("thread/read", {"threadId": thread_id, "includeTurns": True})
    assert [stored["items"] for stored in read["thread"]["turns"]] == [turn.items()]


async def test_cancelling_a_command_interrupts_the_turn(asking: Lab) -> None:
    turn = await run(asking, escalated("c1", "touch n1"), answers=decide("cancel"))
    [item] = turn.items("commandExecution")
    assert (item["status"], turn.status, turn.error) == ("declined", "interrupted", None)
    assert len(asking.model.requests) == 1
    assert not (asking.cwd / "n1").exists()


async def test_the_folder_of_a_command_is_shown_without_detours(asking: Lab) -> None:
    (asking.cwd / "sub").mkdir()
    call = escalated("c1", "touch here", workdir=f"sub/../../{asking.cwd.name}/./sub/../sub/")
    turn = await run(asking, call, answers=decide("accept"))
    assert [request["cwd"] for request in turn.of(COMMAND)] == [str(asking.cwd / "sub")]
    assert [item["cwd"] for item in turn.items("commandExecution")] == [str(asking.cwd / "sub")]
    assert (asking.cwd / "sub" / "here").exists()


async def test_a_command_accepted_for_the_session_is_not_asked_again(asking: Lab) -> None:
    turn = await run(
        asking,
        escalated("c1", "echo x >> log"),
        escalated("c2", "echo x >> log"),
        escalated("c3", "echo y >> log"),
        answers=decide("acceptForSession", "decline"),
    )
    assert [request["itemId"] for request in turn.of(COMMAND)] == ["c1", "c3"]
    assert (asking.cwd / "log").read_text() == "x\nx\n"


async def test_the_same_command_called_three_times_at_once_is_asked_about_once_a_session(asking: Lab) -> None:
    calls = (escalated(call_id, "echo x >> log") for call_id in ("c1", "c2", "c3"))
    asking.script(answer(*calls), answer(message("Done.")))
    async with asking.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(asking.cwd)))["id"]
        turn = await probe.run_turn(thread_id, answer=lambda _: {"decision": "acceptForSession"})
    assert len(turn.of(COMMAND)) == 1
    assert [item["status"] for item in turn.items("commandExecution")] == ["completed"] * 3
    assert (asking.cwd / "log").read_text() == "x\nx\nx\n"


async def test_an_accepted_amendment_becomes_a_rule_that_holds_at_once(asking: Lab) -> None:
    amendment = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch", "n1"]}}
    turn = await run(
        asking,
        escalated("c1", "touch n1"),
        escalated("c2", "touch n1 n2"),
        escalated("c3", "touch n3"),
        answers=decide(amendment, "decline"),
    )
    assert [request["itemId"] for request in turn.of(COMMAND)] == ["c1", "c3"]
    rules = (asking.codex_home / "rules" / "default.rules").read_text()
    assert rules.strip() == 'prefix_rule(pattern=["touch", "n1"], decision="allow")'
    assert (asking.cwd / "n2").exists()


async def test_the_models_own_prefix_is_proposed_as_the_rule(asking: Lab) -> None:
    call = escalated("c1", "touch n1", prefix_rule=["touch"])
    turn = await run(asking, call, answers=decide("decline"))
    assert [request["proposedExecpolicyAmendment"] for request in turn.of(COMMAND)] == [["touch"]]


async def test_an_answer_that_is_no_decision_fails_the_command_and_the_turn_goes_on(asking: Lab) -> None:
    rule = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch"]}}
    about_a_host = {"applyNetworkPolicyAmendment": {"network_policy_amendment": {"host": "a.test", "action": "allow"}}}
    replies: list[Message] = [
        {"decision": "perhaps"},
        {},
        {"decision": 5},
        {"decision": rule | about_a_host},
        {"decision": rule | {"andMore": True}},
        {"decision": {"accept": {}}},
    ]
    calls = [escalated(f"c{number}", f"touch n{number}") for number in range(len(replies))]

    def reply(request: Message) -> Message:
        return replies[int(request["id"])]

    turn = await run(asking, *calls, answers=reply)
    assert [item["status"] for item in turn.items("commandExecution")] == ["failed"] * len(replies)
    for number in range(len(replies)):
        told = asking.model.requests[-1].output_of(f"c{number}")
        assert told == 'exec_command failed: CreateProcess { message: "Rejected(\\"approval request failed\\")" }'
    assert (turn.status, turn.text) == ("completed", "Done.")
    assert [path.name for path in asking.cwd.glob("n*")] == []
    assert not (asking.codex_home / "rules" / "default.rules").exists()


async def test_an_error_for_an_answer_fails_the_command_and_the_turn_goes_on(asking: Lab) -> None:
    asking.script(answer(escalated("c1", "touch n1")), answer(message("Done.")))
    async with asking.run() as probe:
        turn_id = await probe.start_turn((await probe.start_thread(cwd=str(asking.cwd)))["id"])
        await probe.refuse(await probe.until(COMMAND), "no such method", code=-32601)
        turn = await probe.finish_turn(turn_id)
    assert [item["status"] for item in turn.items("commandExecution")] == ["failed"]
    assert turn.status == "completed"
    told = asking.model.requests[1].output_of("c1")
    assert told == 'exec_command failed: CreateProcess { message: "Rejected(\\"approval request failed\\")" }'
    assert not (asking.cwd / "n1").exists()


async def test_a_command_inside_the_sandbox_is_not_asked(asking: Lab) -> None:
    call = function_call("exec_command", {"cmd": "touch inside && cat inside"}, call_id="c1")
    turn = await run(asking, call, answers=decide())
    [item] = turn.items("commandExecution")
    assert (item["status"], item["exitCode"]) == ("completed", 0)
    assert (asking.cwd / "inside").exists()


async def test_the_sandbox_keeps_a_command_inside_the_workspace(asking: Lab) -> None:
    call = function_call("exec_command", {"cmd": f"sleep 0.3; touch {asking.base}/outside"}, call_id="c1")
    turn = await run(asking, call, answers=decide())
    [item] = turn.items("commandExecution")
    assert item["status"] == "failed"
    assert item["aggregatedOutput"] == text_with("outside")
    assert not (asking.base / "outside").exists()


async def test_a_policy_of_never_refuses_to_ask(lab: Lab) -> None:
    lab.configure(approval_policy="never", sandbox_mode="workspace-write")
    turn = await run(lab, escalated("c1", "touch n1"), answers=decide())
    assert turn.of(COMMAND) == []
    assert lab.model.requests[1].output_of("c1") == text_with("approval policy is Never", "reject command")
    assert not (lab.cwd / "n1").exists()


async def test_a_dangerous_command_is_asked_even_without_a_sandbox(lab: Lab) -> None:
    lab.configure(approval_policy="on-request", sandbox_mode="danger-full-access")
    (lab.cwd / "precious").write_text("x")
    call = function_call("exec_command", {"cmd": "rm -f precious"}, call_id="c1")
    turn = await run(lab, call, answers=decide("decline"))
    assert [request["itemId"] for request in turn.of(COMMAND)] == ["c1"]
    assert (lab.cwd / "precious").exists()


async def test_files_may_be_removed_by_force_where_everything_is_switched_off(lab: Lab) -> None:
    lab.configure(approval_policy="never", sandbox_mode="danger-full-access")
    (lab.cwd / "build").mkdir()
    turn = await run(lab, function_call("exec_command", {"cmd": "rm -rf build"}, call_id="c1"), answers=decide())
    assert turn.of(COMMAND) == []
    assert not (lab.cwd / "build").exists()


async def test_questions_are_numbered_from_zero_over_all_threads(asking: Lab) -> None:
    asking.script(*(answer(escalated(f"c{number}", "touch n")).matching(f"go {number}") for number in range(3)))
    async with asking.run() as probe:
        ids: list[int] = []
        for number in range(3):
            await probe.start_turn((await probe.start_thread(cwd=str(asking.cwd)))["id"], f"go {number}")
            ids.append((await probe.until(COMMAND))["id"])
        assert ids == [0, 1, 2]


async def test_a_client_that_resumes_a_waiting_thread_is_asked_again(asking: Lab) -> None:
    asking.script(answer(escalated("c1", "touch n1")), answer(message("Done.")))
    async with asking.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(asking.cwd)))["id"]
        turn_id = await probe.start_turn(thread_id)
        first = await probe.until(COMMAND)
        await probe.request("thread/unsubscribe", {"threadId": thread_id})
        resumed = await probe.request("thread/resume", {"threadId": thread_id})
        assert resumed["thread"]["status"] == WAITING
        again = await probe.until(COMMAND)
        assert again == first
        await probe.respond(again, {"decision": "accept"})
        turn = await probe.finish_turn(turn_id)
    assert turn.status == "completed"
    assert (asking.cwd / "n1").exists()


# Patches


async def test_a_patch_inside_the_workspace_is_not_asked(asking: Lab) -> None:
    turn = await run(asking, outside_patch("p1", Path("a.txt")), answers=decide())
    assert [item["status"] for item in turn.items("fileChange")] == ["completed"]
    assert (asking.cwd / "a.txt").read_text() == "hi\n"


async def test_an_accepted_patch_is_asked_made_and_told_in_this_order(asking: Lab) -> None:
    outside = asking.base / "outside.txt"
    asking.script(answer(outside_patch("p1", outside)), answer(message("Done.")))
    async with asking.run() as probe:
        thread_id = (await probe.start_thread(cwd=str(asking.cwd)))["id"]
        turn = await probe.run_turn(thread_id, answer=decide("accept"))
    about_the_patch = [
        sent
        for sent in turn.messages
        if sent.get("method", "").startswith(("thread/status", "serverRequest", "turn/diff"))
        or sent.get("params", {}).get("itemId") == "p1"
        or sent.get("params", {}).get("item", {}).get("id") == "p1"
    ]
    assert [sent["method"] for sent in about_the_patch][:8] == [
        "thread/status/changed",
        "item/started",
        "thread/status/changed",
        PATCH,
        "serverRequest/resolved",
        "thread/status/changed",
        "item/completed",
        "turn/diff/updated",
    ]
    assert about_the_patch[3] == {
        "method": PATCH,
        "id": 0,
        "params": {
            "threadId": thread_id,
            "turnId": turn.id,
            "itemId": "p1",
            "startedAtMs": ANY_INT,
            "reason": None,
            "grantRoot": None,
        },
    }
    assert [item["status"] for item in turn.items("fileChange")] == ["completed"]
    assert outside.read_text() == "hi\n"


async def test_a_declined_patch_is_not_made_and_the_turn_goes_on(asking: Lab) -> None:
    outside = asking.base / "outside.txt"
    turn = await run(asking, outside_patch("p1", outside), answers=decide("decline"))
    assert [item["status"] for item in turn.items("fileChange")] == ["declined"]
    assert asking.model.requests[1].output_of("p1") == "patch rejected by user"
    assert (turn.status, turn.text) == ("completed", "Done.")
    assert not outside.exists()


async def test_cancelling_a_patch_interrupts_the_turn(asking: Lab) -> None:
    outside = asking.base / "outside.txt"
    turn = await run(asking, outside_patch("p1", outside), answers=decide("cancel"))
    assert (turn.status, len(asking.model.requests)) == ("interrupted", 1)
    assert not outside.exists()


async def test_a_patch_accepted_for_the_session_covers_its_own_files_only(asking: Lab) -> None:
    one, two = asking.base / "one.txt", asking.base / "two.txt"
    turn = await run(
        asking,
        outside_patch("p1", one, "first"),
        outside_patch("p2", one, "second"),
        outside_patch("p3", two),
        answers=decide("acceptForSession", "decline"),
    )
    assert [request["itemId"] for request in turn.of(PATCH)] == ["p1", "p3"]
    assert (one.read_text(), two.exists()) == ("second\n", False)


async def test_an_error_for_an_answer_declines_the_patch_and_the_turn_goes_on(asking: Lab) -> None:
    outside = asking.base / "outside.txt"
    asking.script(answer(outside_patch("p1", outside)), answer(message("Done.")))
    async with asking.run() as probe:
        turn_id = await probe.start_turn((await probe.start_thread(cwd=str(asking.cwd)))["id"])
        await probe.refuse(await probe.until(PATCH), "no such method", code=-32601)
        turn = await probe.finish_turn(turn_id)
    assert [item["status"] for item in turn.items("fileChange")] == ["declined"]
    assert turn.status == "completed"
    assert not outside.exists()


async def test_a_read_only_sandbox_and_a_policy_of_never_refuse_a_patch(lab: Lab) -> None:
    lab.configure(approval_policy="never", sandbox_mode="read-only")
    turn = await run(lab, outside_patch("p1", Path("a.txt")), answers=decide())
    assert turn.items("fileChange") == []
    refusal = "patch rejected: writing is blocked by read-only sandbox; rejected by user approval settings"
    assert lab.model.requests[1].output_of("p1") == refusal
    assert not (lab.cwd / "a.txt").exists()

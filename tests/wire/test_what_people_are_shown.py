"""What people are shown before they decide hides nothing, whoever wrote it."""

from __future__ import annotations

from typing import Any

from codex_trio.domain.items import CommandExecution, UnknownCommand
from codex_trio.sandbox.additional import AdditionalPermissions
from codex_trio.threads.mcp_approvals import elicitation_of
from codex_trio.tools.review import CommandQuestion, McpCallQuestion, PermissionsQuestion
from codex_trio.util.visible import has_unseen
from codex_trio.wire.approvals import command_approval
from codex_trio.wire.guardian import action_to_wire
from codex_trio.wire.items import project_item
from codex_trio.wire.permissions import permissions_approval

HIDING = "echo safe \x1b[2K\r\u202erm"
LONG = HIDING + " x" * 100_000 + " END"


def asked() -> CommandQuestion:
    return CommandQuestion(
        turn_id="t",
        item_id="i",
        started_ms=1,
        command=["bash", "-lc", LONG],
        cwd="/",
        environment_id="local",
        parsed_cmd=[UnknownCommand(cmd=LONG)],
        reason=f"Because \u202e{HIDING}",
        proposed_amendment=None,
    )


def test_a_command_is_shown_whole_and_visible_in_requests_items_and_reviews() -> None:
    question = asked()
    item = CommandExecution(
        id="i",
        command=question.command,
        cwd="file:///",
        parsed_cmd=question.parsed_cmd,
        source="agent",
        status="declined",
    )
    request: Any = command_approval("thread", question)
    shown: Any = project_item(item, started_ms=1, completed_ms=None)
    reviewed: Any = action_to_wire(question.action)
    assert request.command == shown.command == reviewed.command
    assert request.command.endswith(" END'")
    assert len(request.command) > len(LONG)
    for text in (request.command, request.reason, request.command_actions[0].command, shown.command_actions[0].command):
        assert not has_unseen(text)


def test_why_permissions_are_asked_for_is_shown_visibly() -> None:
    question = PermissionsQuestion(
        turn_id="t",
        item_id="i",
        started_ms=1,
        cwd="/",
        environment_id="local",
        reason=HIDING,
        wanted=AdditionalPermissions(network=True),
    )
    reason = permissions_approval("thread", question).reason
    assert reason
    assert not has_unseen(reason)


def test_the_arguments_of_a_tool_are_shown_visibly_and_sent_as_they_are() -> None:
    question = McpCallQuestion(
        turn_id="t",
        item_id="i",
        started_ms=1,
        server="s",
        tool="t\u202e",
        title=None,
        description="",
        annotations={},
        arguments={"text": HIDING},
    )
    elicitation = elicitation_of(question)
    [display] = elicitation.meta["tool_params_display"]
    assert not has_unseen(elicitation.message + display["value"])
    assert elicitation.meta["tool_params"] == {"text": HIDING}

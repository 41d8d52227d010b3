"""What clients say of actions that were refused and are allowed after all, in either form."""

from __future__ import annotations

from typing import Any

import pytest

from codex_trio.domain.approval_actions import CallMcp, ChangeFiles, GetPermissions, ReachHost, RunCommand
from codex_trio.engine.guardian.denials import BadDenial, approval_text, denied_action

COMMAND = {"type": "command", "source": "unified_exec", "command": "rm x", "cwd": "/w"}
DENIED = {"id": "r", "turn_id": "t", "status": "denied", "action": COMMAND}


@pytest.mark.parametrize(
    ("action", "read"),
    [
        (COMMAND, RunCommand(command="rm x", cwd="/w")),
        ({**COMMAND, "source": "unifiedExec"}, RunCommand(command="rm x", cwd="/w")),
        ({"type": "applyPatch", "cwd": "/w", "files": ["/w/aB"]}, ChangeFiles(cwd="/w", files=["/w/aB"])),
        (
            {"type": "network_access", "target": "https://h:443", "host": "h", "protocol": "https", "port": 443},
            ReachHost(target="https://h:443", host="h", protocol="https", port=443),
        ),
        ({"type": "mcpToolCall", "server": "s", "toolName": "aTool"}, CallMcp(server="s", tool_name="aTool")),
        (
            {"type": "requestPermissions", "reason": None, "permissions": {"network": {"enabled": True}}},
            GetPermissions(permissions={"network": {"enabled": True}}),
        ),
    ],
)
def test_every_kind_of_action_is_read_in_both_forms(action: dict[str, Any], read: Any) -> None:
    told = {"threadId": "thread", "reviewId": "r", "review": {"status": "denied"}, "action": action}
    assert denied_action({**DENIED, "action": action}, "thread") == read
    assert denied_action(told, "thread") == read


@pytest.mark.parametrize("status", ["approved", "in_progress", "timed_out", "timedOut", "aborted"])
def test_what_was_not_refused_needs_no_leave(status: str) -> None:
    assert denied_action({**DENIED, "status": status}, "thread") is None


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (None, "invalid type: null, expected struct GuardianAssessmentEvent"),
        ([], "invalid type: sequence, expected struct GuardianAssessmentEvent"),
        ({}, "missing field `id`"),
        ({"id": "r"}, "missing field `status`"),
        ({"id": "r", "status": "denied"}, "missing field `action`"),
        ({**DENIED, "status": "maybe"}, "unknown variant `maybe`"),
        ({**DENIED, "status": 3}, "unknown variant `3`"),
        ({**DENIED, "action": None}, "its action cannot be read"),
        ({**DENIED, "action": {**COMMAND, "type": "wish"}}, "its action cannot be read"),
        ({**DENIED, "action": {**COMMAND, "command": 3}}, "its action cannot be read"),
        ({**DENIED, "id": 5}, "invalid type: integer `5`, expected a string"),
        ({**DENIED, "action": {**COMMAND, "command": "x" * 500_000}}, "the action has 500"),
        ({**DENIED, "thread_id": "other"}, "it is about another thread, other"),
    ],
)
def test_what_is_no_denial_is_refused_by_name(event: Any, problem: str) -> None:
    with pytest.raises(BadDenial, match="^" + problem.replace("(", r"\(")):
        denied_action(event, "thread")


def test_the_model_is_told_exactly_what_is_allowed() -> None:
    text = approval_text(RunCommand(command="rm x\u202e", cwd="/w"))
    assert text.startswith("<user_approved_action>\n")
    assert '"command": "rm x\\u202e"' in text

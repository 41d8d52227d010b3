"""The `request_permissions` tool: more than the sandbox allows, for the commands and patches that follow.

Owns: when it is asked for at all, and what the model is told of the answer. Does not own the arguments
(`tools/additional_permissions.py`), the asking (`tools/approval_flow.py`) or what was granted (`tools/review.py`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from codex_trio.config.approval import AskForApproval, Granular, describe
from codex_trio.sandbox.additional import NOTHING, to_plain
from codex_trio.tools.additional_permissions import SCHEMA, PermissionsRequest, meant, still_within
from codex_trio.tools.arguments import decode_arguments
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext, with_choice
from codex_trio.tools.review import PermissionGrant, PermissionsQuestion
from codex_trio.util.clock import now_ms

FEATURE = "request_permissions_tool"

_OTHER_GRANTED = "what the answer grants is no part of what was asked for"

SPEC: dict[str, Any] = {
    "type": "function",
    "name": "request_permissions",
    "description": (
        "Asks the user to let later commands and patches read or write more files, or use the network, and waits for "
        "the answer. What is granted, which may be a part of it or nothing, is returned; it holds for this turn, or "
        "for the session where `scope` says so, without being named again."
    ),
    "strict": False,
    "parameters": {
        "type": "object",
        "properties": {
            "permissions": SCHEMA,
            "reason": {"type": "string", "description": "What it is for, in one sentence to the user."},
        },
        "required": ["permissions"],
        "additionalProperties": False,
    },
}


class RequestPermissionsArguments(msgspec.Struct):
    """Arguments of `request_permissions`."""

    permissions: PermissionsRequest
    reason: str | None = None
    environment_id: str | None = None


class RequestPermissions:
    """See the module."""

    parallel = True

    def __init__(self, *, has_choice: bool = False) -> None:
        self.spec = with_choice(SPEC) if has_choice else SPEC

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = decode_arguments(call.arguments, RequestPermissionsArguments)
        environment = context.within(arguments.environment_id).environment
        wanted = await meant(arguments.permissions, environment.cwd, environment)
        if wanted.opens_nothing:
            raise ToolFailure("request_permissions requires at least one permission")
        if _is_refused(context.approval_policy):
            policy = describe(context.approval_policy)
            return _told(PermissionGrant(refusal=f"approval policy is {policy}: nobody is asked for permissions"))
        question = PermissionsQuestion(
            turn_id=context.turn_id,
            item_id=call.call_id,
            started_ms=now_ms(),
            cwd=str(environment.cwd),
            environment_id=environment.id,
            reason=arguments.reason,
            wanted=wanted,
        )
        answer = await context.approvals.permissions(question)
        permissions = await still_within(answer.permissions, wanted, environment)
        grant = msgspec.structs.replace(answer, permissions=permissions)
        if permissions.opens_nothing:
            refusal = answer.refusal if answer.permissions.opens_nothing else _OTHER_GRANTED
            grant = msgspec.structs.replace(answer, permissions=NOTHING, refusal=refusal)
        context.approvals.grant(question, grant)
        return _told(grant)


def _is_refused(policy: AskForApproval) -> bool:
    """Return whether the user does not want to be asked."""
    return policy == "never" or (isinstance(policy, Granular) and not policy.request_permissions)


def _told(grant: PermissionGrant) -> ToolOutput:
    told = {
        "permissions": to_plain(grant.permissions),
        "scope": grant.scope,
        **({"strict_auto_review": True} if grant.strict_review else {}),
        **({} if grant.refusal is None else {"refused_because": grant.refusal}),
    }
    return ToolOutput(content=msgspec.json.encode(told).decode(), value=told)

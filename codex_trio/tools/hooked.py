"""Tools and questions with the user's hooks around them: before a call, after it, and before somebody is asked.

Owns what is told of a call, and what an answer does to it. Does not own hooks (`extensions/hooks`), or when they are
read (`engine/hooks.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from codex_trio.extensions.hooks.answers import HookAnswer
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.registry import Namespace, Tool, ToolOffer, ToolProvider
from codex_trio.tools.review import (
    ApprovalQuestion,
    Approver,
    CommandQuestion,
    PatchQuestion,
    ReviewDecision,
    ReviewOutcome,
)
from codex_trio.util.loose_json import table_of

SHELL = "Bash"
PATCH = "apply_patch"
_PATCH_NAMES = (PATCH, "Write", "Edit")


class CallHooks(Protocol):
    """Runs the hooks of a thread."""

    async def fire(
        self, event: str, *subject: str, turn_id: str, call_id: str | None = None, payload: Mapping[str, Any]
    ) -> Sequence[HookAnswer]:
        """Return what the hooks of a moment come to, in their order; `subject` are the names that it is about."""
        ...


class HookedProvider:
    """The tools of a provider, each with hooks around it."""

    def __init__(self, provider: ToolProvider, hooks: CallHooks) -> None:
        self._provider = provider
        self._hooks = hooks

    @property
    def namespace(self) -> Namespace | None:
        return self._provider.namespace

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        return [HookedTool(tool, self._hooks) for tool in self._provider.tools(offer)]


def hooked(providers: Sequence[ToolProvider], hooks: CallHooks | None) -> Sequence[ToolProvider]:
    """Return providers whose tools have hooks around them, where there are hooks."""
    return providers if hooks is None else [HookedProvider(provider, hooks) for provider in providers]


class HookedTool:
    """A tool with hooks around it."""

    def __init__(self, tool: Tool, hooks: CallHooks) -> None:
        self.parallel = tool.parallel
        self.tool = tool
        self._hooks = hooks

    @property
    def spec(self) -> dict[str, Any]:
        return self.tool.spec

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        shown = _shown(call)
        if shown is None:
            return await self.tool.run(call, context)
        names, given = shown
        payload = {"tool_name": names[0], "tool_input": given, "tool_use_id": call.call_id}
        answers = await self._fire("PreToolUse", names, call, context, payload)
        for answer in answers:
            if answer.block is not None:
                said = given.get("command") if names[0] in (SHELL, PATCH) else None
                what = f"Command: {said}" if said is not None else f"Tool: {names[0]}"
                raise ToolFailure(f"Command blocked by PreToolUse hook: {answer.block}. {what}")
        updated = next((answer.updated_input for answer in answers if answer.updated_input is not None), None)
        if updated is not None:
            call, given = _with_input(call, names[0], updated), table_of(updated)
        output = await self.tool.run(call, context)
        payload = {**payload, "tool_input": given, "tool_response": _response(names[0], output)}
        for answer in await self._fire("PostToolUse", names, call, context, payload):
            reason = answer.stop if answer.block is None else answer.block
            if reason is not None:
                output = ToolOutput(content=reason)
        return output

    async def _fire(
        self, event: str, names: Sequence[str], call: ToolCall, context: ToolContext, payload: Mapping[str, Any]
    ) -> Sequence[HookAnswer]:
        answers = await self._hooks.fire(event, *names, turn_id=context.turn_id, call_id=call.call_id, payload=payload)
        for answer in answers:
            if answer.context is not None:
                await context.log.context_message(answer.context)
        return answers


class HookedApprover:
    """Asks hooks before anybody else."""

    def __init__(self, approver: Approver, hooks: CallHooks) -> None:
        self._approver = approver
        self._hooks = hooks

    def hold(self, item_id: str) -> None:
        self._approver.hold(item_id)

    def release(self, item_id: str) -> None:
        self._approver.release(item_id)

    async def ask(self, question: ApprovalQuestion) -> ReviewDecision:
        return await self._decided(question) or await self._approver.ask(question)

    async def review(self, question: ApprovalQuestion) -> ReviewDecision:
        decided = await self._decided(question)
        # A hook that allows it is nobody's review.
        return await self._approver.review(question) if decided is None or decided.accepted else decided

    async def _decided(self, question: ApprovalQuestion) -> ReviewDecision | None:
        """Return what hooks decide, a refusal before a permission; None where they leave it to others."""
        names = _asked_names(question)
        if names is None:
            return None
        payload = {"tool_name": names[0], "tool_input": _asked_input(question)}
        answers = await self._hooks.fire(
            "PermissionRequest", *names, turn_id=question.turn_id, call_id=question.item_id, payload=payload
        )
        reason = next((answer.block for answer in answers if answer.block is not None), None)
        if reason is not None:
            return ReviewDecision(outcome=ReviewOutcome.DECLINED, reason=reason)
        if any(answer.allows for answer in answers):
            return ReviewDecision(outcome=ReviewOutcome.ACCEPTED)
        return None


def _asked_names(question: ApprovalQuestion) -> tuple[str, ...] | None:
    """Return the names by which hooks know what is asked about; None where they do not know it."""
    match question:
        case CommandQuestion():
            return (SHELL,)
        case PatchQuestion():
            return _PATCH_NAMES
        case _:
            return None


def _asked_input(question: ApprovalQuestion) -> dict[str, Any]:
    match question:
        case CommandQuestion():
            command = question.command[-1] if len(question.command) == 3 else " ".join(question.command)
            return {"command": command, "description": question.reason}
        case PatchQuestion():
            return {"description": question.reason}
        case _:
            return {}


def _shown(call: ToolCall) -> tuple[tuple[str, ...], dict[str, Any]] | None:
    """Return the names by which hooks know a tool, and what they are told of a call; None for tools of no concern."""
    if call.namespace is None and call.name == "exec_command":
        arguments = _arguments(call)
        return None if arguments is None else ((SHELL,), {"command": arguments.get("cmd", "")})
    if call.namespace is None and call.name == PATCH:
        arguments = {"input": call.arguments} if call.kind == "custom" else _arguments(call) or {}
        return _PATCH_NAMES, {"command": arguments.get("input", "")}
    if call.namespace is not None and call.namespace.startswith("mcp__"):
        return (f"{call.namespace}__{call.name}",), _arguments(call) or {}
    return None


def _arguments(call: ToolCall) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(call.arguments or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        return None


def _with_input(call: ToolCall, name: str, updated: Any) -> ToolCall:
    """Return a call with another input. Raises ToolFailure for one that cannot be."""
    table = table_of(updated)
    if name in (SHELL, PATCH):
        command = table.get("command")
        if not isinstance(command, str):
            raise ToolFailure("PreToolUse hook returned updatedInput without a string field `command`")
        if name == PATCH and call.kind == "custom":
            return msgspec.structs.replace(call, arguments=command)
        key = "cmd" if name == SHELL else "input"
        table = {**(_arguments(call) or {}), key: command}
    return msgspec.structs.replace(call, arguments=msgspec.json.encode(table).decode())


def _response(name: str, output: ToolOutput) -> Any:
    value = output.content if output.value is msgspec.UNSET else output.value
    return output.content if name in (SHELL, PATCH) else value

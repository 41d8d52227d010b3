"""What a hook's exit status and output mean, moment by moment: one table of decisions, as pure functions.

Owns the table. Does not own running hooks (`runner`), or what follows from a decision (the engine).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from codex_trio.extensions.hooks.hook import kebab
from codex_trio.util.loose_json import table_of

_CONTEXT_FROM_TEXT = frozenset({"SessionStart", "UserPromptSubmit", "SubagentStart"})
_TAKES_CONTEXT = _CONTEXT_FROM_TEXT | {"PreToolUse", "PostToolUse"}
_BLOCKS = frozenset({"PreToolUse", "PostToolUse", "UserPromptSubmit", "Stop", "SubagentStop"})
_STOPS = frozenset(
    {"PostToolUse", "UserPromptSubmit", "SessionStart", "SubagentStart", "Stop", "SubagentStop", "PreCompact"}
)
_SEES_ONLY = frozenset({"PreModelRequest", "PostModelRequest", "SessionEnd"})
"""Moments at which nothing follows from what a hook says (0.171.0)."""
_KEYS = frozenset({"continue", "stopReason", "suppressOutput", "systemMessage", "decision", "reason"})
_SPECIFIC = frozenset({"hookEventName", "additionalContext"})
_SPECIFIC_OF: Mapping[str, frozenset[str]] = {
    "PreToolUse": frozenset({"permissionDecision", "permissionDecisionReason", "updatedInput"}),
    "PermissionRequest": frozenset({"decision"}),
    "PostToolUse": frozenset({"updatedMCPToolOutput"}),
}

Entry = tuple[str, str]


class HookAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a run comes to. `block`: the reason to refuse; `stop`: the reason to end; None where it does neither."""

    status: str = "completed"
    entries: tuple[Entry, ...] = ()
    context: str | None = None
    block: str | None = None
    stop: str | None = None
    updated_input: Any = None
    allows: bool = False
    """Whether a permission is given."""


class _Failed(Exception):
    """The answer is none that counts."""


def failed(text: str) -> HookAnswer:
    """Return what a run comes to that went wrong: work goes on as if it had not been."""
    return HookAnswer(status="failed", entries=(("error", text),))


def answer_of(event: str, *, code: int, stdout: str, stderr: str) -> HookAnswer:
    """Return what a finished command's status and output mean at a moment."""
    if event in _SEES_ONLY:
        return HookAnswer() if code == 0 else failed(stderr.strip() or f"hook exited with code {code}")
    if code == 2:
        return _refusal(event, stderr.strip())
    if code != 0:
        return failed(f"hook exited with code {code}")
    text = stdout.strip()
    if not text:
        return HookAnswer()
    if event == "Interrupt":
        return _after_interrupt(text)
    if not text.startswith("{"):
        return _plain(event, text)
    entries: list[Entry] = []
    try:
        return _structured(event, text, entries)
    except _Failed as failure:
        return HookAnswer(status="failed", entries=(*entries, ("error", str(failure))))


def _refusal(event: str, reason: str) -> HookAnswer:
    if event not in _BLOCKS and event != "PermissionRequest":
        return failed("hook exited with code 2")
    if not reason:
        return failed(f"{event} hook exited with code 2 but did not write a blocking reason to stderr")
    return HookAnswer(status="blocked", entries=(("feedback", reason),), block=reason)


def _plain(event: str, text: str) -> HookAnswer:
    if event in _CONTEXT_FROM_TEXT:
        return HookAnswer(entries=(("context", text),), context=text)
    if event in ("Stop", "SubagentStop"):
        return failed(f"hook returned invalid {kebab(event)} hook JSON output")
    return HookAnswer()


def _after_interrupt(text: str) -> HookAnswer:
    """Return what is said of a turn that is over: a user can be warned, and that is all."""
    if not text.startswith("{"):
        return failed("Interrupt hook returned non-JSON stdout")
    try:
        table = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        table = None
    if table is None or table.keys() - {"systemMessage"} or not isinstance(table.get("systemMessage", ""), str):
        return failed("hook returned invalid interrupt hook JSON output")
    warning = table.get("systemMessage")
    return HookAnswer(entries=(("warning", warning),) if warning else ())


def _structured(event: str, text: str, entries: list[Entry]) -> HookAnswer:
    table = _checked(event, text)
    if table.get("systemMessage"):
        entries.append(("warning", table["systemMessage"]))
    specific: dict[str, Any] = table.get("hookSpecificOutput") or {}
    if table.get("continue") is False:
        if event not in _STOPS:
            raise _Failed(f"{event} hook returned unsupported continue:false")
        reason = table.get("stopReason") or f"{event} hook stopped the work"
        entries.append(("stop", reason))
        return HookAnswer(status="stopped", entries=tuple(entries), stop=reason)
    context = specific.get("additionalContext") or None
    if context is not None and event in _TAKES_CONTEXT:
        entries.append(("context", context))
    else:
        context = None
    if event == "PermissionRequest":
        return _permission(specific.get("decision"), entries)
    block, updated = _block(event, table, specific)
    if block is not None:
        entries.append(("feedback", block))
        return HookAnswer(status="blocked", entries=tuple(entries), block=block, context=context)
    return HookAnswer(entries=tuple(entries), context=context, updated_input=updated)


def _block(event: str, table: Mapping[str, Any], specific: Mapping[str, Any]) -> tuple[str | None, Any]:
    """Return the reason for which the work is refused, if it is, and what takes the place of a call's input."""
    decision = specific.get("permissionDecision")
    if event == "PreToolUse" and decision is not None:
        if decision == "allow" and specific.get("updatedInput") is not None:
            return None, specific["updatedInput"]
        if decision != "deny":
            raise _Failed(f"PreToolUse hook returned unsupported permissionDecision:{decision}")
        reason = specific.get("permissionDecisionReason")
        if not reason:
            raise _Failed("PreToolUse hook returned permissionDecision:deny without a permissionDecisionReason")
        return reason, None
    if specific.get("updatedInput") is not None:
        raise _Failed("PreToolUse hook returned updatedInput without permissionDecision:allow")
    decision = table.get("decision")
    if decision is None:
        return None, None
    if decision != "block" or event not in _BLOCKS:
        raise _Failed(f"{event} hook returned unsupported decision:{decision}")
    if not table.get("reason"):
        raise _Failed(f"{event} hook returned decision:block without a reason")
    return table["reason"], None


def _permission(decision: Any, entries: list[Entry]) -> HookAnswer:
    if decision is None:
        return HookAnswer(entries=tuple(entries))
    behavior = decision.get("behavior")
    if behavior == "allow":
        return HookAnswer(entries=tuple(entries), allows=True)
    if behavior != "deny":
        raise _Failed(f"PermissionRequest hook returned unsupported behavior:{behavior}")
    reason = decision.get("message") or "denied by a hook"
    return HookAnswer(status="blocked", entries=(*entries, ("feedback", reason)), block=reason)


def _checked(event: str, text: str) -> dict[str, Any]:
    """Return the output's table. Raises _Failed unless each key is known and of its kind."""
    invalid = _Failed(f"hook returned invalid {kebab(event)} JSON output")
    try:
        table = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        raise invalid from None
    if table.keys() - _KEYS - {"hookSpecificOutput"}:
        raise invalid
    texts = [table.get(name) for name in ("stopReason", "systemMessage", "decision", "reason")]
    flags = [table.get(name) for name in ("continue", "suppressOutput")]
    specific: Any = table.get("hookSpecificOutput")
    if specific is not None:
        if not isinstance(specific, dict):
            raise invalid
        known = _SPECIFIC | _SPECIFIC_OF.get(event, frozenset())
        inner: dict[str, Any] = {**specific}
        if inner.keys() - known or inner.get("hookEventName", event) != event:
            raise invalid
        texts += [inner.get(name) for name in ("additionalContext", "permissionDecision", "permissionDecisionReason")]
        decision: Any = inner.get("decision")
        if not isinstance(decision, dict | None):
            raise invalid
        texts += [table_of(decision).get(name) for name in ("behavior", "message")]
    if any(not isinstance(text, str | None) for text in texts) or any(
        not isinstance(flag, bool | None) for flag in flags
    ):
        raise invalid
    return table

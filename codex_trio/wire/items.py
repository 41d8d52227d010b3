"""From domain turn items to wire items, for streaming and for reading back alike.

Owns the wire form of every item. Does not own the items (domain/items.py) or the notifications around them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import msgspec
from codex_trio_protocol import decoding, table
from codex_trio_protocol.v2 import item as wire
from codex_trio_protocol.v2.user_input import UserInput

from codex_trio.domain import items as domain
from codex_trio.domain.review_text import review_text
from codex_trio.execpolicy.words import shown
from codex_trio.util.camel_case import camel_case
from codex_trio.util.loose_json import tables_of
from codex_trio.util.visible import with_unseen

_COMMAND_STATUS = {
    "in_progress": "inProgress",
    "completed": "completed",
    "failed": "failed",
    "declined": "declined",
}
_COMMAND_SOURCE = {
    "agent": "agent",
    "user_shell": "userShell",
    "unified_exec_startup": "unifiedExecStartup",
    "unified_exec_interaction": "unifiedExecInteraction",
}


_NO_OUTPUT = (msgspec.Raw(b"null"), msgspec.Raw(b'""'))

# Something to decode or to cut off: rare in URLs of paths.
_NOT_PLAIN = re.compile(r"[%?#;]")


def project_item(
    item: domain.TurnItem | domain.UnreadCommandExecution, *, started_ms: int | None, completed_ms: int | None
) -> Any:
    """Return the wire item; times are Unix milliseconds, `completed_ms` is None while it is under way."""
    projected = _PROJECTIONS[type(item)](item)
    if isinstance(projected, wire.ThreadItemBase):
        projected.started_at_ms = started_ms
        projected.completed_at_ms = completed_ms
    elif isinstance(item, domain.Other):
        projected.update(startedAtMs=started_ms, completedAtMs=completed_ms)
    return projected


def _user_message(item: domain.UserMessage) -> wire.UserMessageThreadItem:
    return wire.UserMessageThreadItem(
        id=item.id, client_id=item.client_id, content=[wire_input(part) for part in item.content]
    )


def _agent_message(item: domain.AgentMessage) -> wire.AgentMessageThreadItem:
    return wire.AgentMessageThreadItem(
        id=item.id,
        text=item.text,
        phase=item.phase if item.phase in ("commentary", "final_answer") else None,
        memory_citation=_memory_citation(item.memory_citation),
        delivery=item.delivery,
        questions=None if item.questions is None else [_question(one) for one in item.questions],
    )


def _question(question: dict[str, Any]) -> wire.AsyncUserInputQuestion:
    return wire.AsyncUserInputQuestion(title=str(question.get("title", "")), options=question.get("options"))


def _memory_citation(said: Any) -> wire.MemoryCitation | None:
    """Return the memories that an answer rests on; None where a rollout says nothing of the kind."""
    if not isinstance(said, dict):
        return None
    known = cast("dict[str, Any]", said)
    try:
        return decoding.convert(
            {"entries": known.get("entries", []), "threadIds": known.get("rolloutIds", [])}, wire.MemoryCitation
        )
    except msgspec.ValidationError:
        return None


def _reasoning(item: domain.Reasoning) -> wire.ReasoningThreadItem:
    return wire.ReasoningThreadItem(id=item.id, summary=item.summary_text, content=item.raw_content)


def _command_execution(item: domain.CommandExecution) -> wire.CommandExecutionThreadItem:
    return _command(item, item.aggregated_output or None)


def _unread_command_execution(item: domain.UnreadCommandExecution) -> wire.CommandExecutionThreadItem:
    output = item.aggregated_output
    # The encoder takes encoded JSON wherever it meets it.
    return _command(item, None if output in _NO_OUTPUT else cast("str", output))


def _command(
    item: domain.CommandExecution | domain.UnreadCommandExecution, output: str | None
) -> wire.CommandExecutionThreadItem:
    cwd = path_of(item.cwd)
    return wire.CommandExecutionThreadItem(
        id=item.id,
        command=shown(item.command),
        cwd=cwd,
        process_id=item.process_id,
        source=_COMMAND_SOURCE[item.source],
        status=_COMMAND_STATUS[item.status],
        command_actions=[project_action(action, cwd) for action in item.parsed_cmd],
        aggregated_output=output,
        exit_code=item.exit_code,
        duration_ms=None if item.duration is None else item.duration.milliseconds,
    )


def _file_change(item: domain.FileChange) -> wire.FileChangeThreadItem:
    return wire.FileChangeThreadItem(
        id=item.id,
        changes=project_changes(item.changes),
        status=_COMMAND_STATUS[item.status],
    )


def project_changes(changes: Mapping[str, domain.Change]) -> list[wire.FileUpdateChange]:
    """Return what becomes of files, in the order of their paths."""
    return [_change(path, change) for path, change in sorted(changes.items())]


def _change(path: str, change: domain.Change) -> wire.FileUpdateChange:
    match change:
        case domain.AddChange():
            return wire.FileUpdateChange(path=path, kind=wire.AddPatchChangeKind(), diff=change.content)
        case domain.DeleteChange():
            return wire.FileUpdateChange(path=path, kind=wire.DeletePatchChangeKind(), diff=change.content)
        case domain.UpdateChange():
            # A move is told in the diff's text too (observed in 0.131.0 and 0.169.0).
            moved = f"\n\nMoved to: {change.move_path}" if change.move_path else ""
            return wire.FileUpdateChange(
                path=path,
                kind=wire.UpdatePatchChangeKind(move_path=change.move_path),
                diff=change.unified_diff + moved,
            )


def project_action(action: domain.ParsedCommand, cwd: str) -> Any:
    """Return what a command does, in wire form; the paths of reads are absolute."""
    match action:
        case domain.ReadCommand():
            path = os.path.normpath(os.path.join(cwd, action.path))
            return wire.ReadCommandAction(command=with_unseen(action.cmd), name=action.name, path=path)
        case domain.ListFilesCommand():
            return wire.ListFilesCommandAction(command=with_unseen(action.cmd), path=action.path)
        case domain.SearchCommand():
            return wire.SearchCommandAction(command=with_unseen(action.cmd), query=action.query, path=action.path)
        case domain.UnknownCommand():
            return wire.UnknownCommandAction(command=with_unseen(action.cmd))


def _other(item: domain.Other) -> Any:
    """Return items of kinds that only other releases make: their keys in wire spelling, their content untouched."""
    raw = {camel_case(key): value for key, value in item.raw.items()}
    raw["type"] = item.kind[:1].lower() + item.kind[1:]
    return raw


def _web_search(item: domain.WebSearch) -> wire.WebSearchThreadItem:
    action = item.action and {**item.action, "type": camel_case(str(item.action.get("type", "other")))}
    plain = {"type": "webSearch", "id": item.id, "query": item.query, "action": action}
    return table.convert(plain, wire.WebSearchThreadItem)


def _dynamic_tool_call(item: domain.DynamicToolCall) -> wire.DynamicToolCallThreadItem:
    parts: Any = item.content_items  # In wire form, as the client gave them.
    return wire.DynamicToolCallThreadItem(
        id=item.id,
        namespace=item.namespace,
        tool=item.tool,
        arguments=item.arguments,
        status=_COMMAND_STATUS[item.status],
        content_items=parts,
        success=item.success,
        duration_ms=None if item.duration is None else item.duration.milliseconds,
    )


def _collab_call(item: domain.CollabAgentToolCall) -> wire.CollabAgentToolCallThreadItem:
    return wire.CollabAgentToolCallThreadItem(
        id=item.id,
        tool=camel_case(item.tool),
        status=_COMMAND_STATUS[item.status],
        sender_thread_id=item.sender_thread_id,
        receiver_thread_ids=item.receiver_thread_ids,
        prompt=item.prompt,
        model=item.model,
        reasoning_effort=item.reasoning_effort,
        agents_states={agent: _agent_state(state) for agent, state in item.agents_states.items()},
    )


def _agent_state(state: str | dict[str, Any]) -> wire.CollabAgentState:
    name, message = next(iter(state.items()), ("not_found", None)) if isinstance(state, dict) else (state, None)
    return wire.CollabAgentState(status=camel_case(name), message=message if isinstance(message, str) else None)


def _agent_activity(item: domain.SubAgentActivity) -> wire.SubAgentActivityThreadItem:
    return wire.SubAgentActivityThreadItem(
        model=item.model,
        reasoning_effort=item.reasoning_effort,
        id=item.id,
        kind=item.kind,
        agent_thread_id=item.agent_thread_id,
        agent_path=item.agent_path,
    )


def _mcp_tool_call(item: domain.McpToolCall) -> wire.McpToolCallThreadItem:
    app_context: Any = item.app_context  # In wire form, as the line has it.
    result = item.result
    return wire.McpToolCallThreadItem(
        id=item.id,
        server=item.server,
        environment_id=item.environment_id,
        tool=item.tool,
        status=_COMMAND_STATUS[item.status],
        arguments=item.arguments,
        app_context=app_context,
        mcp_app_ui=item.mcp_app_ui,
        plugin_id=item.plugin_id,
        read_only_hint=item.read_only_hint,
        result=None
        if result is None
        else wire.McpToolCallResult(
            content=[*tables_of(result.get("content"))],
            structured_content=result.get("structuredContent"),
            meta=result.get("_meta"),
        ),
        error=None if item.error is None else wire.McpToolCallError(message=str(item.error.get("message", ""))),
        duration_ms=None if item.duration is None else item.duration.milliseconds,
    )


def _hook_prompt(item: domain.HookPrompt) -> wire.HookPromptThreadItem:
    return wire.HookPromptThreadItem(
        id=item.id,
        fragments=[wire.HookPromptFragment(text=one.text, hook_run_id=one.hook_run_id) for one in item.fragments],
    )


def _entered_review(item: domain.EnteredReviewMode) -> wire.EnteredReviewModeThreadItem:
    return wire.EnteredReviewModeThreadItem(id=item.id, review=item.user_facing_hint or "")


_PROJECTIONS: dict[type, Callable[[Any], Any]] = {
    domain.UserMessage: _user_message,
    domain.AgentMessage: _agent_message,
    domain.Reasoning: _reasoning,
    domain.CommandExecution: _command_execution,
    domain.UnreadCommandExecution: _unread_command_execution,
    domain.FileChange: _file_change,
    domain.ContextCompaction: lambda item: wire.ContextCompactionThreadItem(id=item.id),
    domain.ImageView: lambda item: wire.ImageViewThreadItem(id=item.id, path=item.path),
    domain.Plan: lambda item: wire.PlanThreadItem(id=item.id, text=item.text),
    domain.WebSearch: _web_search,
    domain.DynamicToolCall: _dynamic_tool_call,
    domain.McpToolCall: _mcp_tool_call,
    domain.CollabAgentToolCall: _collab_call,
    domain.SubAgentActivity: _agent_activity,
    domain.EnteredReviewMode: _entered_review,
    domain.ExitedReviewMode: lambda item: wire.ExitedReviewModeThreadItem(
        id=item.id, review=review_text(item.review_output)
    ),
    domain.FunctionCallOutput: lambda item: wire.FunctionCallOutputThreadItem(
        id=item.id, name=item.name, namespace=item.namespace, output=item.output
    ),
    domain.HookPrompt: _hook_prompt,
    domain.Other: _other,
}


@lru_cache(maxsize=64)
def path_of(url: str) -> str:
    """Return the path in a `file://` URL; anything else is taken for a path."""
    if not url.startswith("file://"):
        return url
    path = url[len("file://") :]
    return path if path.startswith("/") and _NOT_PLAIN.search(path) is None else unquote(urlsplit(url).path)


def wire_input(part: dict[str, Any]) -> Any:
    """Return an input part in wire form, from the form that rollouts hold."""
    match part.get("type"):
        case "image":
            raw = {"type": "image", "url": part.get("image_url") or part.get("url", ""), "detail": part.get("detail")}
        case "local_image":
            raw = {"type": "localImage", "path": part.get("path", ""), "detail": part.get("detail")}
        case "local_audio":
            raw = {"type": "localAudio", "path": part.get("path", "")}
        case _:
            raw = part
    try:
        return decoding.convert(raw, UserInput)
    except msgspec.ValidationError:
        return raw


def domain_input(part: Any) -> dict[str, Any]:
    """Return an input part in the form that rollouts hold, from its wire form."""
    raw: dict[str, Any] = msgspec.to_builtins(part)
    match raw["type"]:
        case "image":
            raw["image_url"] = raw.pop("url", None)
        case "localImage":
            raw["type"] = "local_image"
        case "localAudio":
            raw["type"] = "local_audio"
        case _:
            return raw
    return {key: value for key, value in raw.items() if value is not None}

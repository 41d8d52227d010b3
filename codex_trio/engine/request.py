"""The request for a model's next response, from a session's state.

Owns what goes into it: instructions, history, tools, reasoning, and who asks. Does not own its wire form
(model/request.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from codex_trio.config.service_tiers import requested_tier
from codex_trio.engine.history import ModelHistory
from codex_trio.engine.lineage import MEMORIES, Lineage
from codex_trio.engine.response_items import ResponseItem
from codex_trio.engine.session.task_context import TaskContext
from codex_trio.engine.session.window import context_window_id
from codex_trio.model.catalog import ModelInfo
from codex_trio.model.request import ModelRequest, OutputSchema, ReasoningOptions, RequestHeaders
from codex_trio.sandbox.policy import DangerFullAccess, ReadOnly, SandboxPolicy, WorkspaceWrite

_BETA_FEATURES = "remote_compaction_v2"
"""What providers are told that we make use of, as 0.171.0 does."""


class Helper(msgspec.Struct, frozen=True, kw_only=True):
    """Who works for a thread with a memory of its own: what providers call it, and an id as if it were a thread."""

    kind: str
    thread_id: str


class RequestOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """Which task asks the model, and what it asks for beside the settings. `kind` is what providers call it."""

    kind: str
    turn_id: str
    root_turn_id: str
    parent_turn_id: str | None = None
    trigger: str | None = None
    client_metadata: Mapping[str, str] = {}
    output_schema: Any = None
    """A JSON schema, or all that a provider is told of one."""
    service_tier: str | None = None
    """For this task only."""
    compaction: Mapping[str, Any] | None = None
    """Why a summary is asked for, where it is one."""
    helper: Helper | None = None
    """Who asks, where it is not the thread itself."""
    started_ms: int | None = None
    """When the turn began."""
    workspaces: Mapping[str, Any] = {}
    """What is known of the repository that the turn works in."""

    def asker(self, thread_id: str) -> str:
        """Return the id of the thread that asks, in the session of that thread."""
        return thread_id if self.helper is None else self.helper.thread_id


def build_request(
    context: TaskContext,
    origin: RequestOrigin,
    *,
    tools: list[dict[str, Any]],
    history: ModelHistory | None = None,
    then: Sequence[ResponseItem] = (),
    turn_state: str | None = None,
) -> ModelRequest:
    """Return the request of one sampling: on top of the thread's history or another one, and with what comes `then`.

    `turn_state` is what the provider wants to be told again in this turn.
    """
    settings, model, thread_id = context.settings, context.model, origin.asker(context.thread_id)
    window_id = f"{thread_id}:{context.memory.window}"
    lineage = _lineage(context, origin)
    metadata = _turn_metadata(context, origin, lineage, window_id)
    history = context.memory.history if history is None else history
    schema, tier = origin.output_schema, origin.service_tier
    offered = tools if model.responses_lite else []
    return ModelRequest(
        model=settings.model,
        input=[*_tools_item(thread_id, offered), context.base_message, *history.for_request(model), *then],
        tools=None if model.responses_lite else tools,
        parallel_tool_calls=model.parallel_tool_calls,
        reasoning=_reasoning(model, settings.effort, settings.summary),
        verbosity=context.verbosity if model.default_verbosity is not None else None,
        output_schema=schema if schema is None or isinstance(schema, OutputSchema) else OutputSchema(schema=schema),
        service_tier=requested_tier(settings.service_tier if tier is None else tier),
        prompt_cache_key=lineage.cache_key,
        client_metadata={
            **_agent_headers(lineage),
            "session_id": lineage.session_id,
            "thread_id": thread_id,
            **_turn_ids(origin),
            "x-codex-window-id": window_id,
            "x-codex-installation-id": context.installation_id,
            "x-codex-turn-metadata": metadata,
        },
        headers=RequestHeaders(
            originator=context.identity.originator,
            user_agent=context.identity.user_agent,
            session_id=lineage.session_id,
            thread_id=thread_id,
            window_id=window_id,
            turn_metadata=metadata,
            beta_features=_BETA_FEATURES,
            subagent=lineage.subagent,
            parent_thread_id=lineage.parent_thread_id,
            responses_lite=model.responses_lite,
            turn_state=turn_state,
            extra={"x-openai-memgen-request": "true"} if lineage.kind == MEMORIES else {},
        ),
    )


def _tools_item(thread_id: str, tools: list[dict[str, Any]]) -> list[ResponseItem]:
    """Return the item by which models that take no tools beside their input are offered some."""
    item = {"type": "additional_tools", "id": f"at_{thread_id}", "role": "developer", "tools": tools}
    return [item] if tools else []


def _reasoning(model: ModelInfo, effort: str | None, summary: str | None) -> ReasoningOptions | None:
    """Return how the model is to think; None for models that are known not to."""
    summary = summary or model.default_summary
    shown = None if summary == "none" else summary
    context = "all_turns" if model.responses_lite else None
    if not model.known:
        return ReasoningOptions(effort=effort, summary=shown or "auto")
    wanted = effort or model.default_effort
    if wanted is None and shown is None and context is None:
        return None
    return ReasoningOptions(effort=wanted, summary=shown, context=context)


def _turn_ids(origin: RequestOrigin) -> dict[str, str]:
    """Return which turn this is, and which ones it follows from."""
    parent = origin.parent_turn_id
    return {
        "turn_id": origin.turn_id,
        **({} if parent is None else {"parent_turn_id": parent}),
        # What comes before any turn has none.
        **({} if not origin.root_turn_id else {"root_turn_id": origin.root_turn_id}),
    }


def _lineage(context: TaskContext, origin: RequestOrigin) -> Lineage:
    """Return where the one that asks stands among the agents of the session."""
    lineage, helper = context.lineage, origin.helper
    if helper is None:
        return lineage
    return msgspec.structs.replace(lineage, parent_thread_id=context.thread_id, kind=helper.kind)


def _agent_headers(lineage: Lineage) -> dict[str, str]:
    """Return the headers that say whose agent asks, as they also stand in the body."""
    if lineage.subagent is None:
        return {}
    parent = lineage.parent_thread_id
    return {
        **({} if parent is None else {"x-codex-parent-thread-id": parent}),
        "x-openai-subagent": lineage.subagent,
    }


def _agent_metadata(lineage: Lineage) -> dict[str, str]:
    """Return whose agent asks."""
    if lineage.parent_thread_id is None:
        source, forked_from = lineage.subagent, lineage.forked_from
        return {
            **({} if source is None else {"thread_source": source}),
            **({} if forked_from is None else {"forked_from_thread_id": forked_from}),
        }
    return {
        "parent_thread_id": lineage.parent_thread_id,
        "subagent_kind": lineage.kind,
        "thread_source": lineage.source,
    }


def _confinement(policy: SandboxPolicy) -> dict[str, Any]:
    """Return how commands are confined."""
    match policy:
        case DangerFullAccess():
            return {"sandbox": "none", "sandbox_mode": "danger-full-access"}
        case ReadOnly():
            return {"sandbox": "seccomp", "sandbox_mode": "read-only"}
        case WorkspaceWrite():
            return {"sandbox": "seccomp", "sandbox_mode": "workspace-write"}
        case _:
            return {"sandbox": "external"}


def _turn_metadata(context: TaskContext, origin: RequestOrigin, lineage: Lineage, window_id: str) -> str:
    """Return the JSON text that tells the provider which turn a request belongs to (keys of 0.171.0).

    The user's own keys and the client's are added, but stand for nothing that the server says itself.
    """
    settings = context.settings
    own: dict[str, Any] = {
        "installation_id": context.installation_id,
        "session_id": lineage.session_id,
        "thread_id": origin.asker(context.thread_id),
        "agent_name": lineage.path,
        **_agent_metadata(lineage),
        **_turn_ids(origin),
        "window_id": window_id,
        "window_number": context.memory.window,
        "context_window_id": context_window_id(origin.asker(context.thread_id), context.memory.window),
        "request_kind": origin.kind,
        **({} if not origin.trigger else {"turn_trigger": origin.trigger}),
        **_confinement(settings.sandbox_policy),
        "auto_review_enabled": settings.reviews_automatically,
        # There is no tool of that kind.
        "node_repl_auto_review_required": False,
        "node_repl_disabled": False,
        **({} if not origin.workspaces else {"workspaces": origin.workspaces}),
        **({} if origin.started_ms is None else {"turn_started_at_unix_ms": origin.started_ms}),
    }
    if origin.compaction is None:
        own |= {"model": settings.model, "reasoning_effort": settings.effort or context.model.default_effort}
    else:
        own["compaction"] = origin.compaction
    return msgspec.json.encode({**origin.client_metadata, **context.told_of_thread, **own}).decode()

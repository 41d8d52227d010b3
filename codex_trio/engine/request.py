"""The request for a model's next response, from a session's state.

Owns what goes into it: instructions, history, tools, reasoning, and who asks. Does not own its wire form
(model/request.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from codex_trio.config.service_tiers import requested_tier
from codex_trio.engine.history import message_item
from codex_trio.engine.instructions import base_instructions
from codex_trio.model.catalog import ModelInfo
from codex_trio.model.request import ModelRequest, OutputSchema, Reasoning, RequestHeaders

if TYPE_CHECKING:
    from codex_trio.engine.session.session import Session
    from codex_trio.engine.tasks.turn import Turn


def build_request(session: Session, turn: Turn, *, tools: list[dict[str, Any]]) -> ModelRequest:
    """The request of one sampling."""
    asked = turn.request
    settings = session.turn_settings
    model = session.model
    window_id = f"{session.thread_id}:0"
    metadata = _turn_metadata(session, turn, window_id)
    base = message_item(
        "developer", [settings.base_instructions or base_instructions()], item_id=f"base_{session.thread_id}"
    )
    return ModelRequest(
        model=settings.model,
        input=[base, *session.history.for_request(model)],
        tools=tools,
        parallel_tool_calls=model.parallel_tool_calls,
        reasoning=_reasoning(model, settings.effort, settings.summary),
        verbosity=session.verbosity if model.default_verbosity is not None else None,
        output_schema=None if asked.output_schema is None else OutputSchema(schema=asked.output_schema),
        service_tier=requested_tier(settings.service_tier if asked.service_tier is None else asked.service_tier),
        prompt_cache_key=session.thread_id,
        client_metadata={
            "session_id": session.thread_id,
            "thread_id": session.thread_id,
            **_turn_ids(turn),
            "x-codex-window-id": window_id,
            "x-codex-installation-id": session.services.installation_id,
            "x-codex-turn-metadata": metadata,
        },
        headers=RequestHeaders(
            originator=session.services.identity.originator,
            user_agent=session.services.identity.user_agent,
            session_id=session.thread_id,
            thread_id=session.thread_id,
            window_id=window_id,
            turn_metadata=metadata,
        ),
    )


def _reasoning(model: ModelInfo, effort: str | None, summary: str | None) -> Reasoning | None:
    """How the model is to think; None for models that are known not to."""
    summary = summary or model.default_summary
    shown = None if summary == "none" else summary
    if not model.known:
        return Reasoning(effort=effort, summary=shown or "auto")
    wanted = effort or model.default_effort
    return None if wanted is None and shown is None else Reasoning(effort=wanted, summary=shown)


def _turn_ids(turn: Turn) -> dict[str, str]:
    """Which turn this is, and which ones it follows from."""
    parent = turn.request.parent_turn_id
    return {
        "turn_id": turn.id,
        **({} if parent is None else {"parent_turn_id": parent}),
        "root_turn_id": turn.request.root_id,
    }


def _turn_metadata(session: Session, turn: Turn, window_id: str) -> str:
    """The JSON text that tells the provider which turn a request belongs to (keys of 0.169.0).

    The client's own keys are added, but stand for nothing that the server says itself.
    """
    settings = session.turn_settings
    trigger = turn.request.trigger
    own: dict[str, Any] = {
        "installation_id": session.services.installation_id,
        "session_id": session.thread_id,
        "thread_id": session.thread_id,
        **_turn_ids(turn),
        "window_id": window_id,
        "window_number": 0,
        "request_kind": "turn",
        **({} if not trigger else {"turn_trigger": trigger}),
        "model": settings.model,
        "reasoning_effort": settings.effort or session.model.default_effort,
    }
    return msgspec.json.encode({**turn.client_metadata, **own}).decode()

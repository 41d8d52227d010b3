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
    from codex_trio.engine.session import Session


def build_request(session: Session, turn_id: str, *, tools: list[dict[str, Any]], output_schema: Any) -> ModelRequest:
    """The request of one sampling."""
    settings = session.turn_settings
    model = session.model
    window_id = f"{session.thread_id}:0"
    metadata = _turn_metadata(session, turn_id, window_id)
    base = message_item(
        "developer", [settings.base_instructions or base_instructions()], item_id=f"base_{session.thread_id}"
    )
    return ModelRequest(
        model=settings.model,
        input=[base, *session.history.for_request()],
        tools=tools,
        parallel_tool_calls=model.parallel_tool_calls,
        reasoning=_reasoning(model, settings.effort, settings.summary),
        verbosity=session.verbosity if model.default_verbosity is not None else None,
        output_schema=None if output_schema is None else OutputSchema(schema=output_schema),
        service_tier=requested_tier(settings.service_tier),
        prompt_cache_key=session.thread_id,
        client_metadata={
            "session_id": session.thread_id,
            "thread_id": session.thread_id,
            "turn_id": turn_id,
            "root_turn_id": turn_id,
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


def _turn_metadata(session: Session, turn_id: str, window_id: str) -> str:
    """The JSON text that tells the provider which turn a request belongs to (keys of 0.169.0)."""
    settings = session.turn_settings
    return msgspec.json.encode(
        {
            "installation_id": session.services.installation_id,
            "session_id": session.thread_id,
            "thread_id": session.thread_id,
            "turn_id": turn_id,
            "root_turn_id": turn_id,
            "window_id": window_id,
            "window_number": 0,
            "request_kind": "turn",
            "model": settings.model,
            "reasoning_effort": settings.effort or session.model.default_effort,
        }
    ).decode()

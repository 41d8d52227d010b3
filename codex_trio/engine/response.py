"""One model response, as it streams: items shown, calls found, everything stored.

Owns the translation of model events to turn items and history. Does not own retries (engine/sampling.py) or running the
calls (engine/tool_calls.py). Used by a sampling for each attempt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from codex_trio.domain.ids import uuid7
from codex_trio.domain.items import AgentMessage, AgentText, Reasoning, TurnItem, WebSearch
from codex_trio.engine.events import (
    AgentMessageDelta,
    ReasoningSummaryDelta,
    ReasoningSummaryPartAdded,
    ReasoningTextDelta,
)
from codex_trio.engine.history import texts_of
from codex_trio.engine.item_log import TurnLog
from codex_trio.model import events as model

CALL_KINDS = frozenset({"function_call", "custom_tool_call"})
_NEVER_SHOWN = CALL_KINDS | {"function_call_output", "custom_tool_call_output", "tool_search_call", "compaction"}


class ResponseReader:
    """Feeds on the events of one response; calls go to `on_call` as soon as they are complete."""

    def __init__(self, log: TurnLog, on_call: Callable[[dict[str, Any]], None]) -> None:
        self._log = log
        self._on_call = on_call
        self._open: set[str] = set()
        self._message_id: str | None = None
        self.completed: model.Completed | None = None
        self.began = False
        """Whether the provider accepted the request, however the stream ended."""
        self.got_output = False
        """Whether anything but the start of the stream has come."""

    async def handle(self, event: model.ModelEvent) -> None:
        """Takes the next event. Deltas only emit; an item that is done is stored first."""
        match event:
            case model.OutputTextDelta():
                item_id = event.item_id or self._message_id
                if item_id is not None:
                    self._log.emit(AgentMessageDelta(turn_id=self._log.turn_id, item_id=item_id, delta=event.delta))
            case model.ReasoningSummaryTextDelta():
                self._log.emit(
                    ReasoningSummaryDelta(
                        turn_id=self._log.turn_id, item_id=event.item_id, delta=event.delta, index=event.summary_index
                    )
                )
            case model.ReasoningTextDelta():
                self._log.emit(
                    ReasoningTextDelta(
                        turn_id=self._log.turn_id, item_id=event.item_id, delta=event.delta, index=event.content_index
                    )
                )
            case model.ReasoningSummaryPartAdded():
                self._log.emit(
                    ReasoningSummaryPartAdded(
                        turn_id=self._log.turn_id, item_id=event.item_id, index=event.summary_index
                    )
                )
            case model.OutputItemAdded():
                self._item_added(event.item)
            case model.OutputItemDone():
                await self._item_done(event.item)
            case model.Completed():
                self.completed = event
            case model.RateLimits():
                self._log.rate_limits = event.limits
                self.began = True
            case _:
                pass

    def _item_added(self, raw: dict[str, Any]) -> None:
        item = _opening_item(raw)
        if item is None:
            return
        self._open.add(item.id)
        if isinstance(item, AgentMessage):
            self._message_id = item.id
        self._log.started(item)

    async def _item_done(self, raw: dict[str, Any]) -> None:
        self.got_output = True
        raw = _with_id(raw)
        item = _final_item(raw)
        if item is not None:
            if item.id not in self._open:
                self._log.started(item)
            self._open.discard(item.id)
            await self._log.completed_with_history(item, raw)
        else:
            await self._log.history(raw)
        if raw.get("type") in CALL_KINDS:
            self._on_call(raw)


def _with_id(raw: dict[str, Any]) -> dict[str, Any]:
    """The item under an id of ours when the provider gave none: clients follow items by id."""
    if raw.get("id") or raw.get("type") in _NEVER_SHOWN:
        return raw
    return {**raw, "id": f"msg_{uuid7()}"}


def _opening_item(raw: dict[str, Any]) -> TurnItem | None:
    item_id = raw.get("id")
    if not item_id:
        return None
    match raw.get("type"):
        case "message" if raw.get("role") == "assistant":
            return AgentMessage(id=item_id, content=[], phase=raw.get("phase"))
        case "reasoning":
            return Reasoning(id=item_id, summary_text=[])
        case _:
            return None


def _final_item(raw: dict[str, Any]) -> TurnItem | None:
    """The turn item that shows a finished output item; None for what is only the model's business."""
    match raw.get("type"):
        case "message" if raw.get("role") == "assistant":
            text = "".join(texts_of(raw))
            return AgentMessage(id=raw["id"], content=[AgentText(text=text)], phase=raw.get("phase"))
        case "reasoning":
            return Reasoning(
                id=raw["id"],
                summary_text=texts_of(raw, "summary"),
                raw_content=texts_of(raw),
            )
        case "web_search_call":
            return _web_search(raw)
        case _:
            return None


def _web_search(raw: dict[str, Any]) -> WebSearch:
    """A web search that the provider ran."""
    action = raw.get("action") or {"type": "other"}
    query = action.get("query") or action.get("url") or ""
    return WebSearch(id=raw["id"], query=query, action=action)

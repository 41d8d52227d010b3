"""What a thread's rollout lines add up to: facts of the whole thread, turns, and their items.

Owns the values. Does not own how lines become them (spans.py, items_of_lines.py), files (rollout_history.py) or wire
shapes (wire/events.py).
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from codex_trio.domain.items import TurnItem, UnreadCommandExecution
from codex_trio.state.rollout import events
from codex_trio.state.rollout.lines import SessionMeta, TurnContext

TurnStatus: TypeAlias = Literal["in_progress", "completed", "interrupted", "failed"]


class StoredItem(msgspec.Struct, kw_only=True):
    """An item of a turn; `ordinal` is the place of the line that first held it, and orders items over a thread."""

    item: TurnItem | UnreadCommandExecution
    ordinal: int
    started_at_ms: int | None = None
    completed_at_ms: int | None = None


class StoredTurn(msgspec.Struct, kw_only=True):
    """A turn; `ordinal` is the place of the line that opened it. Times are Unix seconds."""

    id: str
    ordinal: int
    status: TurnStatus = "in_progress"
    root_turn_id: str | None = None
    items: list[StoredItem] = msgspec.field(default_factory=list[StoredItem])
    error: events.TurnError | None = None
    started_at: int | None = None
    completed_at: int | None = None
    duration_ms: int | None = None


class HistoryFacts(msgspec.Struct, kw_only=True):
    """What the lines tell of the thread as a whole. `next_ordinal` is the ordinal that the next line would get."""

    meta: SessionMeta | None = None
    token_usage: events.TokenUsageInfo | None = None
    token_usage_turn_id: str | None = None
    rate_limits: dict[str, Any] | None = None
    turn_context: TurnContext | None = None
    settings: dict[str, Any] | None = None
    goal: dict[str, Any] | None = None
    preview: str = ""
    next_ordinal: int = 0

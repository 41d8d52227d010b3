"""Items, made from the lines that an index names for them.

Owns how the lines of one item add up. Does not own which lines they are (spans.py) or reading them
(rollout_history.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from codex_trio.domain.items import CommandExecution, Reasoning, TurnItem, UserMessage
from codex_trio.state.history.span_values import ItemSpan, LineSpan, TurnSpan
from codex_trio.state.history.values import StoredItem, StoredTurn
from codex_trio.state.rollout import events, legacy
from codex_trio.state.rollout.lines import ResponseItem, SessionMeta, TurnContext, decode_item_line, decode_line


def make_turn(turn: TurnSpan, items: Sequence[StoredItem], *, interrupted_before: int) -> StoredTurn:
    """Return a turn with these of its items.

    One that never ended and began before the line with that ordinal was cut short with the process that ran it: it
    counts as interrupted.
    """
    cut_short = turn.status == "in_progress" and turn.ordinal < interrupted_before
    return StoredTurn(
        id=turn.id,
        ordinal=turn.ordinal,
        status="interrupted" if cut_short else turn.status,
        root_turn_id=turn.root_turn_id,
        items=list(items),
        error=turn.error,
        started_at=turn.started_at,
        completed_at=turn.completed_at,
        duration_ms=turn.duration_ms,
    )


def make_item(
    span: ItemSpan, lines: Sequence[bytes | memoryview], *, meta: SessionMeta | None, interrupted_before: int
) -> StoredItem | None:
    """Return the item that these lines, the span's, tell of; None when they cannot be decoded.

    A recovered command that never ended, told of before the line with that ordinal, counts as failed.
    """
    if len(lines) == 1:
        # By far the most usual: an item of today, told of once.
        event = decode_item_line(lines[0])
        if event is not None:
            return StoredItem(
                item=event.item,
                ordinal=span.ordinal,
                started_at_ms=event.started_at_ms,
                completed_at_ms=event.completed_at_ms,
            )
    stored = StoredItem(item=_NOTHING, ordinal=span.ordinal)
    recovery: legacy.CallRecovery | None = None
    for raw, where in zip(lines, span.lines, strict=True):
        line = decode_line(raw)
        payload = None if line is None else line.payload
        match payload:
            case events.ItemCompletedLine():
                stored.item = payload.item
                stored.started_at_ms, stored.completed_at_ms = payload.started_at_ms, payload.completed_at_ms
            case events.InputAccepted():
                stored.item = payload.item
                stored.started_at_ms = stored.completed_at_ms = payload.accepted_at_ms
            case SessionMeta() | TurnContext() | ResponseItem():
                recovery = recovery or _recovery(meta)
                _recover(recovery, payload, where, span, stored)
            case events.AgentReasoningEvent() | events.AgentReasoningRawEvent():
                _add_reasoning(payload, span, stored)
            case events.UserMessageEvent():
                stored.item = UserMessage(id=span.id, content=legacy.user_content(payload))
            case _:
                stored.item = _legacy_item(payload, span) or stored.item
    if stored.item is _NOTHING:
        return None
    item = stored.item
    was_cut_short = span.recovered and span.ordinal < interrupted_before
    if was_cut_short and isinstance(item, CommandExecution) and item.status == "in_progress":
        stored.item = msgspec.structs.replace(item, status="failed")
    return stored


_NOTHING = UserMessage(id="", content=[])


def _recovery(meta: SessionMeta | None) -> legacy.CallRecovery:
    if meta is None:
        return legacy.CallRecovery(legacy.OpenCalls())
    return legacy.CallRecovery(legacy.OpenCalls(dynamic_tools=legacy.tool_names(meta.dynamic_tools), cwd=meta.cwd))


def _recover(
    recovery: legacy.CallRecovery,
    payload: SessionMeta | TurnContext | ResponseItem,
    where: LineSpan,
    span: ItemSpan,
    stored: StoredItem,
) -> None:
    if isinstance(payload, SessionMeta | TurnContext):
        recovery.set_cwd(payload.cwd)
        return
    for found in recovery.observe(payload, ordinal=span.ordinal, line=(where.start, where.length)):
        if found.item.id == span.id:
            stored.item = found.item


def _add_reasoning(
    event: events.AgentReasoningEvent | events.AgentReasoningRawEvent, span: ItemSpan, stored: StoredItem
) -> None:
    item = stored.item
    if not isinstance(item, Reasoning):
        item = stored.item = Reasoning(id=span.id, summary_text=[], raw_content=[])
    is_raw = isinstance(event, events.AgentReasoningRawEvent)
    (item.raw_content if is_raw else item.summary_text).append(event.text)


def _legacy_item(payload: object, span: ItemSpan) -> TurnItem | None:
    if not isinstance(payload, legacy.ITEM_EVENTS):
        return None
    return legacy.to_item(payload, lambda: span.id)  # pyright: ignore[reportArgumentType]  # ITEM_EVENTS lists them

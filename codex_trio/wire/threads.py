"""From what is known of a thread to its wire form.

Owns the `Thread` and `Turn` objects of responses and notifications. Items are translated by
wire/items.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec
from codex_trio_protocol import decoding
from codex_trio_protocol.v2 import thread as wire
from codex_trio_protocol.v2 import turn as wire_turn
from codex_trio_protocol.v2.item import CommandExecutionThreadItem, McpToolCallThreadItem
from codex_trio_protocol.v2.thread_list import ThreadItemEntry, ThreadItemOutputDeferral, TurnsPage
from msgspec import UNSET

from codex_trio.rpc.codec import EncodedArray
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.values import StoredItem, StoredTurn
from codex_trio.state.rollout.events import TurnError
from codex_trio.state.store.contents import source_kind
from codex_trio.threads.facts import ThreadFacts, ThreadStatus
from codex_trio.threads.history_pages import ConvertedTurns, ItemRow, TurnPage, View
from codex_trio.util.camel_case import camel_case
from codex_trio.wire.environments import environments_to_wire
from codex_trio.wire.items import project_item
from codex_trio.wire.sections import section_to_wire
from codex_trio.wire.shortened import shortened

_TURN_STATUS = {
    "in_progress": "inProgress",
    "completed": "completed",
    "interrupted": "interrupted",
    "failed": "failed",
}


def project_thread(facts: ThreadFacts) -> wire.Thread:
    """Return the wire form (fields of 0.169.0), without turns.

    What a thread runs in, and whether it takes turns, is known of loaded ones.
    """
    meta, place = facts.meta, facts.placement
    is_loaded = facts.status.kind != "not_loaded"
    git = None
    if meta.git is not None:
        git = wire.GitInfo(sha=meta.git.commit_hash, branch=meta.git.branch, origin_url=meta.git.repository_url)
    return wire.Thread(
        id=meta.id,
        environments=None if facts.environments is None else environments_to_wire(facts.environments),
        session_id=meta.session_id or meta.id,
        forked_from_id=meta.forked_from_id,
        parent_thread_id=meta.parent_thread_id,
        preview=facts.preview,
        ephemeral=facts.ephemeral,
        section=None if place.section is None else section_to_wire(place.section),
        section_entered_at=None if place.section_entered_at_ms is None else place.section_entered_at_ms // 1000,
        project_id=place.project_id,
        history_mode="paginated" if meta.is_paginated else "legacy",
        model_provider=meta.model_provider or "",
        model=facts.model,
        reasoning_effort=facts.effort,
        created_at=facts.created_at,
        updated_at=facts.updated_at,
        recency_at=facts.updated_at,
        status=status_to_wire(facts.status),
        path=None if facts.path is None else str(facts.path),
        cwd=facts.cwd,
        cli_version=meta.cli_version,
        originator=meta.originator or None,
        source=session_source(meta.source),
        can_accept_direct_input=facts.takes_direct_input if is_loaded else None,
        # That a thread is an agent is told by its source.
        thread_source=None if meta.thread_source == "subagent" else meta.thread_source,
        agent_nickname=meta.agent_nickname,
        agent_role=meta.agent_role,
        git_info=git,
        name=facts.name,
        daybreak_enabled=meta.daybreak_enabled,
        turns=[],
    )


def project_row(facts: ThreadFacts) -> wire.Thread:
    """Return a row of a list, which does not say whether the thread takes turns, loaded or not."""
    row = project_thread(facts)
    row.can_accept_direct_input = None
    return row


def status_to_wire(status: ThreadStatus) -> Any:
    """Return what a thread is doing."""
    match status.kind:
        case "not_loaded":
            return wire.NotLoadedThreadStatus()
        case "idle":
            return wire.IdleThreadStatus()
        case "system_error":
            return wire.SystemErrorThreadStatus()
        case "active":
            flags = {"waitingOnApproval": status.waits_for_approval, "waitingOnUserInput": status.waits_for_input}
            return wire.ActiveThreadStatus(active_flags=[flag for flag, is_set in flags.items() if is_set])


def session_source(source: Any) -> Any:
    """Return where a thread comes from, as far as the protocol has a word for it."""
    match source:
        case {"custom": str()}:
            return source
        case {"subagent": subagent} | {"subAgent": subagent}:
            return {"subAgent": subagent}
        case _:
            return source_kind(source)


def legacy_source(source: Any) -> Any:
    """Return the same in the words of the first protocol, which are those of rollouts."""
    match source:
        case {"custom": str()} | {"internal": str()} | {"subagent": _}:
            return source
        case _:
            kind = source_kind(source)
            return "mcp" if kind == "appServer" else kind


def all_turns(history: RolloutHistory) -> ConvertedTurns[memoryview]:
    """Return every turn of a history, to be read, encoded a few at a time off the event loop."""
    return ConvertedTurns(history, _encode_turns)


def put_turns(thread: wire.Thread, encoded: Sequence[memoryview]) -> None:
    """Give a thread its turns, as `all_turns` encodes them."""
    # There are no other readers of a response than its encoder.
    thread.turns = cast("list[wire_turn.Turn]", EncodedArray(encoded))


def _encode_turns(turns: Sequence[StoredTurn]) -> memoryview:
    return memoryview(msgspec.json.encode([project_turn(turn, "full") for turn in turns]))[1:-1]


def project_turn(turn: StoredTurn, view: View) -> wire_turn.Turn:
    """Return a recorded turn with the items that it was read with, which are those of that view."""
    return wire_turn.Turn(
        id=turn.id,
        root_turn_id=turn.root_turn_id or turn.id,
        items=[project_stored_item(stored) for stored in turn.items],
        items_view=view,
        status=_TURN_STATUS[turn.status],
        error=None if turn.error is None else _project_error(turn.error),
        started_at=turn.started_at,
        completed_at=turn.completed_at,
        duration_ms=turn.duration_ms,
    )


def project_stored_item(stored: StoredItem, *, whole: bool = False) -> Any:
    """Return a recorded item, `whole` or with the beginning and the end of a long output."""
    item = project_item(stored.item, started_ms=stored.started_at_ms, completed_ms=stored.completed_at_ms)
    if not whole and isinstance(item, CommandExecutionThreadItem) and item.aggregated_output is not None:
        item.aggregated_output = cast("str", shortened(item.aggregated_output))
    return item


def project_item_entry(
    row: ItemRow, *, defer: ThreadItemOutputDeferral | None = None, whole: bool = False
) -> ThreadItemEntry:
    """Return a recorded item with its turn, without its output when that is to be read later."""
    item = project_stored_item(row.item, whole=whole)
    deferred = False
    if defer is not None:
        if isinstance(item, CommandExecutionThreadItem) and defer.command_execution:
            deferred = item.aggregated_output is not None
            item.aggregated_output = None
        elif isinstance(item, McpToolCallThreadItem) and defer.mcp_tool_call:
            deferred = item.result is not None
            item.result = None
    return ThreadItemEntry(
        turn_id=row.turn_id,
        item=item,
        output_deferred=True if deferred else UNSET,
        started_at_ms=row.item.started_at_ms,
        completed_at_ms=row.item.completed_at_ms,
    )


def project_turns_page(page: TurnPage, view: View) -> TurnsPage:
    """Return a page of recorded turns, read with that view."""
    return TurnsPage(
        data=[project_turn(turn, view) for turn in page.turns],
        next_cursor=page.next_cursor,
        backwards_cursor=page.backwards_cursor,
    )


def _project_error(error: TurnError) -> wire_turn.TurnError:
    return wire_turn.TurnError(
        message=error.message,
        codex_error_info=_camel_info(error.codex_error_info),
        additional_details=error.additional_details,
    )


def _camel_info(info: Any) -> Any:
    """`codexErrorInfo` from the rollout's snake_case form: a word, or an object with one key."""
    if isinstance(info, str):
        return "other" if info == "invalid_prompt" else camel_case(info)
    if isinstance(info, dict):
        return {
            camel_case(key): {camel_case(name): field for name, field in (fields or {}).items()}
            for key, fields in decoding.convert(info, dict[str, dict[str, Any] | None]).items()
        }
    return None

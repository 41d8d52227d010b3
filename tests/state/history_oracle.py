"""A thread's history told the plain way: every line decoded, every turn held. The index is compared with this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from codex_trio.domain.items import CommandExecution, Reasoning, TurnItem, UserMessage
from codex_trio.state.history.model_history import ModelHistoryBuilder
from codex_trio.state.history.parts import read_meta
from codex_trio.state.history.values import HistoryFacts, StoredItem, StoredTurn
from codex_trio.state.rollout import events, legacy, preview
from codex_trio.state.rollout.file_lines import FileLines
from codex_trio.state.rollout.lines import HistoryBase, ResponseItem, SessionMeta, StoredLine, TurnContext, decode_line


class ThreadHistory(HistoryFacts, kw_only=True):
    """A thread as its lines tell it."""

    turns: list[StoredTurn] = msgspec.field(default_factory=list[StoredTurn])

    def turn(self, turn_id: str) -> StoredTurn | None:
        """Return the turn with that id."""
        return next((turn for turn in reversed(self.turns) if turn.id == turn_id), None)

    def items(self) -> Iterable[tuple[StoredTurn, StoredItem]]:
        """Yield every item with its turn, in the order in which the items were first recorded."""
        pairs = [(turn, item) for turn in self.turns for item in turn.items]
        return sorted(pairs, key=lambda pair: pair[1].ordinal)


class HistoryBuilder:
    """Applies lines, in order, to a `ThreadHistory`."""

    def __init__(self) -> None:
        self.history = ThreadHistory()
        self._turns: dict[str, StoredTurn] = {}
        self._removed: set[str] = set()
        # Turns known only through their items so far: neither their start nor their end has been seen.
        self._loose: set[str] = set()
        # The turn that events without a turn id belong to, and whether its start was recorded.
        self._current: StoredTurn | None = None
        self._current_is_explicit = False
        self._next_item_number = 1
        self._items: dict[str, dict[str, StoredItem]] = {}
        # Items that only left traces, with their turns: they take no number and do not part reasoning.
        self._recovered: dict[str, StoredTurn] = {}
        self._ordinal = 0
        self._calls = legacy.CallRecovery(legacy.OpenCalls())
        self._in_base = False
        self._handlers: dict[type, Callable[[Any], None]] = {
            SessionMeta: self._session_meta,
            TurnContext: self._turn_context,
            ResponseItem: self._response_item,
            events.TaskStarted: self._task_started,
            events.TaskComplete: self._task_complete,
            events.TurnAborted: self._turn_aborted,
            events.ItemCompletedLine: self._item_completed,
            events.TokenCount: self._token_count,
            events.ThreadSettingsApplied: self._settings_applied,
            events.ThreadGoalUpdated: self._goal_updated,
            events.ThreadRolledBack: self._rolled_back,
            events.UserMessageEvent: self._user_message,
            events.AgentReasoningEvent: self._reasoning,
            events.AgentReasoningRawEvent: self._reasoning,
            events.ErrorEvent: self._error,
            **dict.fromkeys(legacy.ITEM_EVENTS, self._legacy_item),
        }

    # --- feeding ---

    def start(self, meta: SessionMeta) -> None:
        """Set what the thread is, before its first line, when lines of another thread come first (a fork's base)."""
        self.history.meta = meta
        self._calls.set_tools(legacy.tool_names(meta.dynamic_tools))
        self._calls.set_cwd(meta.cwd)

    def base(self, *, reading: bool) -> None:
        """Whether the lines that follow are a fork's inherited ones, whose metadata is another thread's."""
        self._in_base = reading

    def apply(self, line: StoredLine) -> None:
        """Take one more line into account."""
        # Ordinals only grow, whatever a file says: pages are cut by them.
        self._ordinal = max(self.history.next_ordinal, -1 if line.ordinal is None else line.ordinal)
        handler = self._handlers.get(type(line.payload))
        if handler is not None:
            handler(line.payload)
        self.history.next_ordinal = self._ordinal + 1

    def close_open_turns(self) -> None:
        """Turns that never ended were cut short with the process that ran them: they count as interrupted."""
        for turn in self.history.turns:
            if turn.status == "in_progress":
                turn.status = "interrupted"
        for item_id, turn in self._recovered.items():
            stored = self._items[turn.id][item_id]
            if isinstance(stored.item, CommandExecution) and stored.item.status == "in_progress":
                stored.item = msgspec.structs.replace(stored.item, status="failed")
        self._current = None

    # --- whole-thread facts ---

    def _session_meta(self, meta: SessionMeta) -> None:
        known = self.history.meta
        if known is None:
            self.start(meta)
        elif meta.id == known.id and not self._in_base:
            # A later line restates the metadata; how the file itself was made does not change.
            self.history.meta = msgspec.structs.replace(
                meta,
                history_mode=known.history_mode,
                history_base=known.history_base,
                forked_from_id=known.forked_from_id,
                forked_from_ordinal_exclusive=known.forked_from_ordinal_exclusive,
            )

    def _turn_context(self, context: TurnContext) -> None:
        self.history.turn_context = context
        self._calls.set_cwd(context.cwd)

    def _settings_applied(self, event: events.ThreadSettingsApplied) -> None:
        self.history.settings = event.thread_settings

    def _goal_updated(self, event: events.ThreadGoalUpdated) -> None:
        self.history.goal = event.goal

    def _token_count(self, event: events.TokenCount) -> None:
        if event.info is not None:
            self.history.token_usage = event.info
            latest = self._current or (self.history.turns[-1] if self.history.turns else None)
            self.history.token_usage_turn_id = None if latest is None else latest.id
        if event.rate_limits is not None:
            self.history.rate_limits = event.rate_limits

    # --- turns ---

    def _open(self, turn_id: str) -> StoredTurn:
        turn = StoredTurn(id=turn_id, ordinal=self._ordinal)
        self._turns[turn_id] = turn
        self._items[turn_id] = {}
        self.history.turns.append(turn)
        return turn

    def _recorded(self, turn_id: str) -> StoredTurn | None:
        """Return the turn of that id, if any; from now on it has its place among the turns."""
        turn = self._turns.get(turn_id)
        if turn is not None and turn_id in self._loose:
            self._loose.discard(turn_id)
            self.history.turns.remove(turn)
            self.history.turns.append(turn)
            turn.ordinal = self._ordinal
        return turn

    def _implicit(self) -> StoredTurn:
        """Return the turn that an event without a turn id belongs to; opened, already ended, if there is none."""
        if self._current is None:
            self._current = self._open(f"rollout-{self._ordinal}")
            self._current.status = "completed"
            self._current_is_explicit = False
        return self._current

    def _task_started(self, event: events.TaskStarted) -> None:
        self._removed.discard(event.turn_id)
        turn = self._recorded(event.turn_id) or self._open(event.turn_id)
        turn.status = "in_progress"
        turn.started_at = event.started_at
        turn.root_turn_id = event.root_turn_id
        self._current = turn
        self._current_is_explicit = True

    def _ended(self, turn_id: str | None) -> StoredTurn | None:
        turn = None if turn_id is None else self._recorded(turn_id)
        if turn is None and turn_id not in self._removed:
            turn = self._current
        if turn is self._current:
            self._current = None
        return turn

    def _task_complete(self, event: events.TaskComplete) -> None:
        turn = self._ended(event.turn_id)
        if turn is None:
            return
        if event.error is not None:
            turn.status, turn.error = "failed", event.error
        elif turn.status == "in_progress":
            turn.status = "completed"
        self._set_times(turn, event)

    def _turn_aborted(self, event: events.TurnAborted) -> None:
        turn = self._ended(event.turn_id)
        if turn is not None:
            turn.status, turn.error = "interrupted", None
            self._set_times(turn, event)

    def _set_times(self, turn: StoredTurn, event: events.TaskComplete | events.TurnAborted) -> None:
        turn.root_turn_id = event.root_turn_id or turn.root_turn_id
        turn.started_at = turn.started_at if event.started_at is None else event.started_at
        turn.completed_at = event.completed_at
        turn.duration_ms = event.duration_ms

    def _error(self, event: events.ErrorEvent) -> None:
        if self._current is not None:
            self._current.status = "failed"
            self._current.error = events.TurnError(message=event.message, codex_error_info=event.codex_error_info)

    def _rolled_back(self, event: events.ThreadRolledBack) -> None:
        keep = max(len(self.history.turns) - max(event.num_turns, 0), 0)
        self.drop_turns_from(keep)

    def drop_turns_from(self, index: int) -> None:
        """Forget the turns from that index on; items that arrive for them later are ignored."""
        for turn in self.history.turns[index:]:
            del self._turns[turn.id], self._items[turn.id]
            self._removed.add(turn.id)
            self._loose.discard(turn.id)
        del self.history.turns[index:]
        self._recovered = {item_id: turn for item_id, turn in self._recovered.items() if turn.id in self._turns}
        self._current = None
        counted = (item for turn in self.history.turns for item in turn.items if item.item.id not in self._recovered)
        self._next_item_number = 1 + sum(1 for _ in counted)

    # --- items ---

    def _item_completed(self, event: events.ItemCompletedLine) -> None:
        if event.turn_id in self._removed:
            return
        turn = self._turns.get(event.turn_id)
        if turn is None:
            turn = self._open(event.turn_id)
            self._loose.add(event.turn_id)
        stored = self._put(turn, event.item)
        stored.started_at_ms = event.started_at_ms
        stored.completed_at_ms = event.completed_at_ms

    def _put(self, turn: StoredTurn, item: TurnItem) -> StoredItem:
        """Add an item to a turn, or replace the one with its id."""
        known = self._items[turn.id]
        stored = known.get(item.id)
        if stored is None:
            stored = known[item.id] = StoredItem(item=item, ordinal=self._ordinal)
            turn.items.append(stored)
        stored.item = item
        if not self.history.preview and isinstance(item, UserMessage):
            self.history.preview = preview.of_content(item.content)
        return stored

    # --- older files ---

    def _number(self) -> str:
        number = self._next_item_number
        self._next_item_number += 1
        return f"item-{number}"

    def _user_message(self, event: events.UserMessageEvent) -> None:
        if event.item_id is not None:
            return
        if not self._current_is_explicit:
            self._current = None
        turn = self._implicit()
        self._put(turn, UserMessage(id=self._number(), content=legacy.user_content(event)))

    def _reasoning(self, event: events.AgentReasoningEvent | events.AgentReasoningRawEvent) -> None:
        if not event.text or event.item_id is not None:
            return
        turn = self._implicit()
        is_raw = isinstance(event, events.AgentReasoningRawEvent)
        counted = [stored for stored in turn.items if stored.item.id not in self._recovered]
        last = counted[-1] if counted else None
        if last is None or not isinstance(last.item, Reasoning):
            last = self._put(turn, Reasoning(id=self._number(), summary_text=[], raw_content=[]))
        assert isinstance(last.item, Reasoning)
        (last.item.raw_content if is_raw else last.item.summary_text).append(event.text)

    def _legacy_item(self, event: legacy.ItemEvent) -> None:
        if getattr(event, "item_id", None) is not None:
            return
        item = legacy.to_item(event, self._number)
        if item is None:
            return
        turn_id: str = getattr(event, "turn_id", "")
        turn = self._turns.get(turn_id) if turn_id else None
        self._put(turn or self._implicit(), item)

    def _response_item(self, payload: ResponseItem) -> None:
        if self.history.meta is not None and self.history.meta.is_paginated:
            return
        for found in self._calls.observe(payload, ordinal=self._ordinal, line=(0, 0)):
            item = found.item
            turn = self._recovered.get(item.id)
            if turn is None:
                turn = self._current
                # Where the file holds the item itself, that one counts.
                if turn is None or item.id in self._items[turn.id]:
                    continue
                self._recovered[item.id] = turn
            self._put(turn, item)


class ReadReport(msgspec.Struct, kw_only=True):
    """What reading a file found besides its lines.

    `bad_lines` counts lines that are no rollout lines, a torn last one included; blank lines do not count. `size` is
    how many bytes were read. `ends_in_newline` is False when the last line was cut short or lacks its newline.
    `missing_base` names the thread that a fork continues when its file is gone.
    """

    lines: int = 0
    bad_lines: int = 0
    size: int = 0
    ends_in_newline: bool = True
    missing_base: str | None = None


class LoadedRollout(msgspec.Struct, kw_only=True):
    """A thread read from its file. `builder` can go on from here; `model` is None when it was not asked for."""

    builder: HistoryBuilder
    model: ModelHistoryBuilder | None
    report: ReadReport

    @property
    def history(self) -> ThreadHistory:
        """The turns and everything around them."""
        return self.builder.history


def iter_lines(path: Path, report: ReadReport, *, end_offset: int | None = None) -> Iterator[StoredLine]:
    """Yield the lines of a file up to that byte offset, bad ones skipped and counted in the report."""
    with path.open("rb") as file:
        for raw in file:
            report.size += len(raw)
            if end_offset is not None and report.size > end_offset:
                return
            report.ends_in_newline = raw.endswith(b"\n")
            line = decode_line(raw)
            if line is not None:
                report.lines += 1
                yield line
            elif raw.strip():
                report.bad_lines += 1


FileLocator: TypeAlias = Callable[[str, frozenset[Path]], Path | None]


def load(
    path: Path, *, locate_base: FileLocator | None = None, with_model_history: bool, until: int | None = None
) -> LoadedRollout:
    """Read a thread: its turns, and with `with_model_history` the items that its next model request starts from.

    A fork's inherited lines are read from the file that `locate_base` gives. `until` stops before the line with that
    ordinal. Turns that never ended come back as interrupted. Raises RolloutReadError.
    """
    loaded = LoadedRollout(
        builder=HistoryBuilder(), model=ModelHistoryBuilder() if with_model_history else None, report=ReadReport()
    )
    meta = read_meta(FileLines(path))
    if meta is not None and meta.history_base is not None:
        loaded.builder.start(meta)
        loaded.builder.base(reading=True)
        _apply_base(loaded, meta.history_base, locate_base, seen=frozenset({path}), until=until)
        loaded.builder.base(reading=False)
    _apply(loaded, iter_lines(path, loaded.report), until=until)
    if loaded.report.lines == 0:
        raise AssertionError(path)
    if loaded.history.meta is None:
        raise AssertionError("the thread says what it is")
    loaded.builder.close_open_turns()
    return loaded


def _apply_base(
    loaded: LoadedRollout,
    base: HistoryBase,
    locate: FileLocator | None,
    *,
    seen: frozenset[Path],
    until: int | None,
) -> None:
    path = None if locate is None else locate(base.thread_id, seen)
    if path is None:
        loaded.report.missing_base = base.thread_id
        return
    end = base.end_ordinal_exclusive if until is None else min(base.end_ordinal_exclusive, until)
    meta = read_meta(FileLines(path))
    if meta is not None and meta.history_base is not None:
        _apply_base(loaded, meta.history_base, locate, seen=seen | {path}, until=end)
    inherited = ReadReport()
    _apply(loaded, iter_lines(path, inherited, end_offset=base.end_byte_offset), until=end)
    loaded.report.bad_lines += inherited.bad_lines


def _apply(loaded: LoadedRollout, lines: Iterator[StoredLine], *, until: int | None) -> None:
    builder, model = loaded.builder, loaded.model
    for line in lines:
        place = max(builder.history.next_ordinal, -1 if line.ordinal is None else line.ordinal)
        if until is not None and place >= until:
            return
        builder.apply(line)
        if model is not None:
            model.apply(line)

"""Where in a rollout each turn and each item is, and what the lines tell of the thread as a whole.

Owns `SpanIndex`: it takes lines in order, with their byte offsets, and keeps for every item the lines that it can be
made from. It is the one projection for files read cold and for threads that run: the recorder applies what it has
written. Its state can be stored and taken up again at the offset where it ended. Sans-io. Does not own items themselves
(items_of_lines.py), the model's history (model_history.py) or files (rollout_history.py).

Two families of lines are understood, also mixed in one file: `item_completed` events with whole items (today's), and
the message, reasoning and tool events of older releases, whose items are numbered `item-1`, `item-2`, ... over the
thread. What older files lost but left traces of (commands, viewed images, client tools) is recovered by legacy.py.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import msgspec

from codex_trio.domain.items import UserMessage
from codex_trio.state.history.marks import CompactionMark, ItemKind, ItemMark, Mark, kind_of
from codex_trio.state.history.span_values import (
    AcceptedInput,
    IndexState,
    ItemsAtHand,
    ItemSpan,
    LineSpan,
    TurnSnapshot,
    TurnSpan,
)
from codex_trio.state.rollout import events, legacy, preview
from codex_trio.state.rollout.lines import Compacted, Payload, ResponseItem, SessionMeta, TurnContext

_IMPLICIT = "rollout-"
"""How the ids begin of turns that no line says anything of, in older files."""

_UNSEALED_TURNS = 8
"""How many turns have their items at hand rather than packed: the latest, and those that late items came for."""


class SpanIndex:
    def __init__(self, state: IndexState | None = None) -> None:
        self.state = IndexState() if state is None else state
        self.facts = self.state.facts
        """What the lines tell of the thread as a whole."""
        self.interrupted_before = sys.maxsize
        """Turns that began before the line with that ordinal and never ended count as interrupted."""
        self.takes_marks = _takes_marks(self.facts.meta)
        """Whether the next line may be given by a mark; older files must be read in full."""
        self._turns = {turn.id: turn for turn in self.state.turns}
        self._at_hand: OrderedDict[str, ItemsAtHand] = OrderedDict()
        self._calls = legacy.CallRecovery(self.state.calls)
        self._line = LineSpan(0, 0)
        self._ordinal = 0
        # The last line that was passed over unread, while what follows may still show that it does not count.
        self._unchecked: _Unchecked | None = None
        self._handlers: dict[type, Callable[[Any], None]] = {
            SessionMeta: self._session_meta,
            TurnContext: self._turn_context,
            ResponseItem: self._response_item,
            Compacted: self._compacted,
            CompactionMark: self._compaction,
            ItemMark: self._item_marked,
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

    # --- what it knows ---

    @property
    def turns(self) -> Sequence[TurnSpan]:
        """The turns, in the order of their ordinals. They change as lines are applied."""
        return self.state.turns

    def turn(self, turn_id: str) -> TurnSpan | None:
        """Return the turn with that id."""
        return self._turns.get(turn_id)

    def position_of(self, turn: TurnSpan) -> int:
        """Return the turn's place among the turns."""
        return self.position_at(turn.ordinal)

    def position_at(self, ordinal: int) -> int:
        """Return the place among the turns of the first one with at least that ordinal."""
        return bisect_left(self.state.turns, ordinal, key=lambda other: other.ordinal)

    def snapshot(self, turn: TurnSpan) -> TurnSnapshot:
        """Return the turn with its items as they are now."""
        at_hand = self._at_hand.get(turn.id)
        # No line will ever have the place of these: taking them up makes them items like others.
        unprocessed = tuple(
            ItemSpan(id=one.item_id, kind=one.kind, ordinal=self.facts.next_ordinal + number, lines=(one.line,))
            for number, one in enumerate(self.unprocessed())
            if one.turn_id == turn.id
        )
        return TurnSnapshot(copy(turn), None if at_hand is None else at_hand.spans(), unprocessed)

    def unprocessed(self) -> list[AcceptedInput]:
        """Return the inputs that were accepted by turns which were cut short before they took them up."""
        return [one for one in self.state.accepted if self._turns[one.turn_id].ordinal < self.interrupted_before]

    def out_of_order(self) -> list[TurnSpan]:
        """Return the turns of which some items have ordinals below their own, or above that of the turn after them."""
        return [self._turns[turn_id] for turn_id in self.state.out_of_order]

    def pack(self) -> IndexState:
        """Return the state, complete in itself; the index can go on afterwards."""
        while self._at_hand:
            self._put_away()
        return self.state

    # --- feeding ---

    def start(self, meta: SessionMeta) -> None:
        """Set what the thread is, before its first line, when lines of another thread come first (a fork's base)."""
        self.facts.meta = meta
        self.takes_marks = _takes_marks(meta)
        self._calls.set_tools(legacy.tool_names(meta.dynamic_tools))
        self._calls.set_cwd(meta.cwd)

    def base(self, *, reading: bool) -> None:
        """Whether the lines that follow are a fork's inherited ones, whose metadata is another thread's."""
        self.state.in_base = reading

    @property
    def wants_user_message(self) -> bool:
        """Whether a message of the user must be given in full."""
        return not self.facts.preview

    def place_of(self, ordinal: int | None) -> int:
        """Return the ordinal that a line with this one gets: they only grow, whatever a file says; pages are cut by
        them.
        """
        return max(self.facts.next_ordinal, -1 if ordinal is None else ordinal)

    def apply(self, payload: Payload | Mark, line: LineSpan, ordinal: int | None) -> None:
        """Take one more line into account."""
        if isinstance(payload, events.InputAccepted):
            self._input_accepted(payload, line)
            self.state.position = line.end
            return
        self._line = line
        self._ordinal = self.place_of(ordinal)
        handler = self._handlers.get(type(payload))
        if handler is not None:
            handler(payload)
        self._unchecked = None
        self.facts.next_ordinal = self._ordinal + 1
        self.state.position = line.end

    def pass_over(self, start: int, length: int, ordinal: int) -> None:
        """Take a line into account that tells nothing here; that it is well-formed was not checked."""
        facts = self.facts
        before = facts.next_ordinal
        facts.next_ordinal = max(before, ordinal) + 1
        self.state.position = start + length
        self._unchecked = _Unchecked(start, length, ordinal, before)

    def doubted_by(self, ordinal: int | None) -> LineSpan | None:
        """Return the line before, if it was passed over unread and one with this ordinal shows that it
        may not count.
        """
        unchecked = self._unchecked
        if unchecked is None or ordinal is None or ordinal > unchecked.ordinal:
            return None
        return LineSpan(unchecked.start, unchecked.length)

    @property
    def unchecked(self) -> LineSpan | None:
        """The line before, if it was passed over unread."""
        unchecked = self._unchecked
        return None if unchecked is None else LineSpan(unchecked.start, unchecked.length)

    def discount(self) -> None:
        """Take back the ordinal of the line before, which was none."""
        if self._unchecked is not None:
            self.facts.next_ordinal = self._unchecked.ordinal_before
            self._unchecked = None

    def skip_to(self, position: int) -> None:
        """Go on at that offset: nothing before it counts any more but what was applied."""
        self.state.position = position

    # --- whole-thread facts ---

    def _session_meta(self, meta: SessionMeta) -> None:
        known = self.facts.meta
        if self.state.context_line is None and not self.state.in_base:
            # Where what came first ran.
            self.state.context_line = self._line
        if known is None:
            self.start(meta)
        elif meta.id == known.id and not self.state.in_base:
            # A later line restates the metadata; how the file itself was made does not change.
            self.facts.meta = msgspec.structs.replace(
                meta,
                history_mode=known.history_mode,
                history_base=known.history_base,
                forked_from_id=known.forked_from_id,
                forked_from_ordinal_exclusive=known.forked_from_ordinal_exclusive,
                dynamic_tools=known.dynamic_tools,
            )

    def _turn_context(self, context: TurnContext) -> None:
        self.facts.turn_context = context
        self._calls.set_cwd(context.cwd)
        self.state.context_line = self._line

    def _settings_applied(self, event: events.ThreadSettingsApplied) -> None:
        self.facts.settings = event.thread_settings

    def _goal_updated(self, event: events.ThreadGoalUpdated) -> None:
        self.facts.goal = event.goal
        if not self.facts.preview and event.goal is not None:
            # A thread may begin with a goal, and nothing be said in it.
            self.facts.preview = preview.of_text(str(event.goal.get("objective", "")))

    def _token_count(self, event: events.TokenCount) -> None:
        if event.info is not None:
            self.facts.token_usage = event.info
            latest = self._current() or (self.state.turns[-1] if self.state.turns else None)
            self.facts.token_usage_turn_id = None if latest is None else latest.id
        if event.rate_limits is not None:
            self.facts.rate_limits = event.rate_limits

    def _compacted(self, compacted: Compacted) -> None:
        self._compaction(CompactionMark(compacted.replacement_history is not None))

    def _compaction(self, mark: CompactionMark) -> None:
        if mark.replaces_history:
            self.state.compactions.append(self._line.start)

    # --- turns ---

    def _current(self) -> TurnSpan | None:
        return None if self.state.current is None else self._turns[self.state.current]

    def _open(self, turn_id: str) -> TurnSpan:
        turn = TurnSpan(id=turn_id, ordinal=self._ordinal, start=self._line.start, touched=self._ordinal)
        self._turns[turn_id] = turn
        self.state.turns.append(turn)
        return turn

    def _recorded(self, turn_id: str) -> TurnSpan | None:
        """Return the turn of that id, if any; from now on it has its place among the turns."""
        turn = self._turns.get(turn_id)
        if turn is not None and turn_id in self.state.unrecorded:
            self.state.unrecorded.discard(turn_id)
            del self.state.turns[self.position_of(turn)]
            self.state.turns.append(turn)
            turn.ordinal, turn.start = self._ordinal, self._line.start
            self.state.out_of_order.add(turn_id)
        return turn

    def _implicit(self) -> TurnSpan:
        """Return the turn that an event without a turn id belongs to; opened, already ended, if there is none."""
        turn = self._current()
        if turn is None:
            turn = self._open(f"{_IMPLICIT}{self._ordinal}")
            turn.status = "completed"
            self.state.current = turn.id
            self.state.current_is_explicit = False
        return turn

    def _task_started(self, event: events.TaskStarted) -> None:
        self.state.removed.discard(event.turn_id)
        turn = self._recorded(event.turn_id) or self._open(event.turn_id)
        turn.touched = self._ordinal
        turn.status = "in_progress"
        turn.started_at = event.started_at
        turn.root_turn_id = event.root_turn_id
        self.state.current = turn.id
        self.state.current_is_explicit = True

    def _ended(self, turn_id: str | None) -> TurnSpan | None:
        turn = None if turn_id is None else self._recorded(turn_id)
        if turn is None and turn_id not in self.state.removed:
            turn = self._current()
        if turn is self._current():
            self.state.current = None
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

    def _set_times(self, turn: TurnSpan, event: events.TaskComplete | events.TurnAborted) -> None:
        turn.touched = turn.ended = self._ordinal
        self._forget_accepted(lambda one: one.turn_id == turn.id)
        turn.root_turn_id = event.root_turn_id or turn.root_turn_id
        turn.started_at = turn.started_at if event.started_at is None else event.started_at
        turn.completed_at = event.completed_at
        turn.duration_ms = event.duration_ms

    def _error(self, event: events.ErrorEvent) -> None:
        turn = self._current()
        if turn is not None:
            turn.touched = self._ordinal
            turn.status = "failed"
            turn.error = events.TurnError(message=event.message, codex_error_info=event.codex_error_info)

    def _rolled_back(self, event: events.ThreadRolledBack) -> None:
        turns = self.state.turns
        keep = max(len(turns) - max(event.num_turns, 0), 0)
        if keep < len(turns) and not turns[keep].id.startswith(_IMPLICIT):
            self._undo_from(turns[keep].start)
        for turn in turns[keep:]:
            # Items that arrive for it later are ignored.
            del self._turns[turn.id]
            self._at_hand.pop(turn.id, None)
            self.state.removed.add(turn.id)
            self.state.unrecorded.discard(turn.id)
            self.state.out_of_order.discard(turn.id)
        del turns[keep:]
        self._forget_accepted(lambda one: one.turn_id not in self._turns)
        recovered = self.state.recovered
        self.state.recovered = {item: turn_id for item, turn_id in recovered.items() if turn_id in self._turns}
        for item_id in recovered.keys() - self.state.recovered.keys():
            self._calls.forget(item_id)
        self.state.current = None
        self.state.next_item_number = 1 + sum(turn.counted for turn in turns)

    def _undo_from(self, start: int) -> None:
        """Have the model know what it knew before the line there; a summary from then on never was."""
        state = self.state
        state.undone = [*(one for one in state.undone if one.start < start), LineSpan(start, self._line.end - start)]
        while state.compactions and state.compactions[-1] >= start:
            state.compactions.pop()

    # --- items ---

    def _items_of(self, turn: TurnSpan) -> ItemsAtHand:
        """Return the turn's items, to be changed."""
        items = self._at_hand.get(turn.id)
        if items is None:
            items = self._at_hand[turn.id] = ItemsAtHand.of(turn)
            while len(self._at_hand) > _UNSEALED_TURNS:
                self._put_away()
        self._at_hand.move_to_end(turn.id)
        return items

    def _put_away(self) -> None:
        turn_id, items = self._at_hand.popitem(last=False)
        self._turns[turn_id].packed = items.pack()

    def _item_completed(self, event: events.ItemCompletedLine) -> None:
        if not self.facts.preview and isinstance(event.item, UserMessage) and event.turn_id not in self.state.removed:
            self.facts.preview = preview.of_content(event.item.content)
        self._item_marked(ItemMark(event.turn_id, event.item.id, kind_of(event.item)))

    def _item_marked(self, mark: ItemMark) -> None:
        if mark.turn_id in self.state.removed:
            return
        self._forget_accepted(lambda one: one.item_id == mark.item_id)
        turn = self._turns.get(mark.turn_id)
        if turn is None:
            turn = self._open(mark.turn_id)
            self.state.unrecorded.add(mark.turn_id)
        self._put(turn, mark.item_id, mark.kind, replaces=True)

    def _input_accepted(self, event: events.InputAccepted, line: LineSpan) -> None:
        turn = self._turns.get(event.turn_id)
        if turn is not None and turn.status == "in_progress" and event.item.id not in self._items_of(turn).by_id:
            self.state.accepted.append(AcceptedInput(turn.id, event.item.id, kind_of(event.item), line))

    def _forget_accepted(self, is_over: Callable[[AcceptedInput], bool]) -> None:
        if self.state.accepted:
            self.state.accepted = [one for one in self.state.accepted if not is_over(one)]

    def _put(
        self,
        turn: TurnSpan,
        item_id: str,
        kind: ItemKind,
        *,
        replaces: bool = False,
        lines: tuple[LineSpan, ...] | None = None,
        recovered: bool = False,
    ) -> None:
        """Add an item to a turn, or change the one with its id; `replaces` when this line alone tells all of it."""
        lines = (self._line,) if lines is None else lines
        items = self._items_of(turn)
        turn.touched = self._ordinal
        known = items.by_id.get(item_id)
        if known is not None:
            lines = lines if replaces else known.lines + lines
            items.by_id[item_id] = msgspec.structs.replace(known, kind=kind, lines=lines)
            return
        items.order.append(item_id)
        items.by_id[item_id] = ItemSpan(id=item_id, kind=kind, ordinal=self._ordinal, lines=lines, recovered=recovered)
        turn.last_item = self._ordinal
        if not recovered:
            turn.counted += 1
        if turn is not self.state.turns[-1]:
            self.state.out_of_order.add(turn.id)

    # --- older files ---

    def _number(self) -> str:
        number = self.state.next_item_number
        self.state.next_item_number += 1
        return f"item-{number}"

    def _user_message(self, event: events.UserMessageEvent) -> None:
        if event.item_id is not None:
            return
        if not self.state.current_is_explicit:
            self.state.current = None
        turn = self._implicit()
        if not self.facts.preview:
            self.facts.preview = preview.of_content(legacy.user_content(event))
        self._put(turn, self._number(), "user")

    def _reasoning(self, event: events.AgentReasoningEvent | events.AgentReasoningRawEvent) -> None:
        if not event.text or event.item_id is not None:
            return
        turn = self._implicit()
        items = self._items_of(turn)
        last = next((item_id for item_id in reversed(items.order) if not items.by_id[item_id].recovered), None)
        if last is None or items.by_id[last].kind != "reasoning":
            last = self._number()
        self._put(turn, last, "reasoning")

    def _legacy_item(self, event: legacy.ItemEvent) -> None:
        if getattr(event, "item_id", None) is not None:
            return
        item = legacy.to_item(event, self._number)
        if item is None:
            return
        turn_id: str = getattr(event, "turn_id", "")
        turn = self._turns.get(turn_id) if turn_id else None
        self._put(turn or self._implicit(), item.id, kind_of(item))

    def _response_item(self, payload: ResponseItem) -> None:
        if self.takes_marks:
            return
        for found in self._calls.observe(payload, ordinal=self._ordinal, line=(self._line.start, self._line.length)):
            item_id = found.item.id
            known = self.state.recovered.get(item_id)
            if known is None:
                turn = self._current()
                # Where the file holds the item itself, that one counts.
                if turn is None or item_id in self._items_of(turn).by_id:
                    self._calls.forget(item_id)
                    continue
                self.state.recovered[item_id] = turn.id
            else:
                turn = self._turns[known]
            lines = tuple(LineSpan(*line) for line in found.lines)
            if known is None and self.state.context_line is not None:
                lines = (self.state.context_line, *lines)
            self._put(turn, item_id, kind_of(found.item), lines=lines, recovered=True)


def _takes_marks(meta: SessionMeta | None) -> bool:
    return meta is not None and meta.is_paginated


class _Unchecked(msgspec.Struct, frozen=True, gc=False):
    """A line that was passed over unread, and the ordinal that would be next without it."""

    start: int
    length: int
    ordinal: int
    ordinal_before: int

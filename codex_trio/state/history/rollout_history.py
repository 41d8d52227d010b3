"""A thread's history as its rollouts hold it: the index in memory, everything else read when it is asked for.

Owns `RolloutHistory`: bringing the index up to what the rollouts hold, reading turns and items by it, and the model's
history from the last compaction on. Does not own what lines add up to (spans.py, items_of_lines.py), nor pages
(threads/history_pages.py). Methods that read are synchronous and bounded by what they are asked for: callers on the
event loop run them in a worker thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import trio

from codex_trio.state.history.items_of_lines import make_item, make_turn
from codex_trio.state.history.marks import PASSED, ItemMark, Read, read_line, read_mark, tells_model_history
from codex_trio.state.history.model_history import ModelHistoryBuilder
from codex_trio.state.history.parts import Part, Parts, find_parts, read_meta
from codex_trio.state.history.span_values import ItemSpan, LineSpan, TurnSnapshot
from codex_trio.state.history.spans import SpanIndex
from codex_trio.state.history.values import HistoryFacts, StoredItem, StoredTurn
from codex_trio.state.rollout.errors import RolloutReadError
from codex_trio.state.rollout.events import InputAccepted, ItemCompletedLine
from codex_trio.state.rollout.lines import Payload, ResponseItem, SessionMeta, decode_line, format_timestamp
from codex_trio.state.rollout.scan import RawLine, scan
from codex_trio.state.rollout.sources import BaseLocator, LineReader, LineSource

SLICE_BYTES = 16 << 20
"""How much of a rollout is indexed in one go."""


class RolloutHistory:
    """Made by `open` for a rollout that exists, or by `new`."""

    def __init__(self, parts: Parts, index: SpanIndex) -> None:
        self.index = index
        self.lock = trio.Lock()
        """Held while the index is being brought up to date, and by whoever looks at it meanwhile."""
        self.parts = parts
        self._lines = 0
        self._bad_lines = 0
        self._is_torn = False
        self._ends_in_newline = True
        self._size = 0

    @classmethod
    def new(cls, source: LineSource, meta: SessionMeta) -> RolloutHistory:
        """Return the history of a thread whose rollout is yet to be made."""
        own = Part(source=source, id=meta.id, start=0)
        history = cls(Parts([own], locate_base=None, missing_base=None), SpanIndex())
        history.index.start(meta)
        history.interrupted_before = 0
        return history

    @classmethod
    def open(
        cls, source: LineSource, *, locate_base: BaseLocator | None = None, until: int | None = None
    ) -> RolloutHistory:
        """Return the history in a rollout, nothing of it read yet: call `advance` until it says so.

        A fork's inherited lines are read from the rollout that `locate_base` gives. Lines from the ordinal `until` on
        do not count. Raises RolloutReadError.
        """
        history = cls(find_parts(source, locate_base=locate_base, until=until), SpanIndex())
        with history.parts.opened(history.parts.own) as reader:
            history._size = reader.size
        if history.parts.own.start > 0:
            meta = read_meta(source)
            assert meta is not None
            history.index.start(meta)
        return history

    @classmethod
    def load(
        cls, source: LineSource, *, locate_base: BaseLocator | None = None, until: int | None = None
    ) -> RolloutHistory:
        """Return the history in a rollout, all of it read. Raises RolloutReadError."""
        history = cls.open(source, locate_base=locate_base, until=until)
        while not history.advance():
            pass
        return history

    async def catch_up(self) -> None:
        """Take into account what the rollouts now hold, in slices off the event loop. Raises RolloutReadError."""
        async with self.lock:
            while not await trio.to_thread.run_sync(self.advance):
                pass

    # --- what it knows ---

    @property
    def source(self) -> LineSource:
        """The thread's own rollout."""
        return self.parts.own.source

    @property
    def facts(self) -> HistoryFacts:
        """What the lines tell of the thread as a whole."""
        return self.index.facts

    @property
    def interrupted_before(self) -> int:
        """Turns that began before the line with that ordinal and never ended count as interrupted."""
        return self.index.interrupted_before

    @interrupted_before.setter
    def interrupted_before(self, ordinal: int) -> None:
        self.index.interrupted_before = ordinal

    def take_up(self, index: SpanIndex, *, bad_lines: int) -> None:
        """Go on from what was indexed before, when nothing was read yet."""
        index.interrupted_before = self.interrupted_before
        self.index = index
        self._lines = 1
        self._bad_lines = bad_lines

    @property
    def missing_base(self) -> str | None:
        """The thread that a fork goes on from, when it is gone."""
        return self.parts.missing_base

    @property
    def bad_lines(self) -> int:
        """How many lines were no rollout lines, a torn last one included; blank lines do not count."""
        return self._bad_lines + self._is_torn

    @property
    def size(self) -> int:
        """How many bytes the thread's own rollout had when it was last read."""
        return self._size

    @property
    def ends_in_newline(self) -> bool:
        """Whether the rollout's last line was whole; if not, it was cut short, or lacks its newline only."""
        return self._ends_in_newline

    @property
    def own_start(self) -> int:
        """Where the thread's own rollout begins in the row of bytes that spans count in."""
        return self.parts.own.start

    def part_before(self, position: int) -> Part:
        """Return the rollout that holds the last line before that place; the first one when there is none."""
        return self.parts.at(max(position - 1, 0))

    # --- catching up ---

    def advance(self, max_bytes: int = SLICE_BYTES) -> bool:
        """Read on for about so many bytes; whether that was all there is. Raises RolloutReadError."""
        position = self.index.state.position
        part = self.parts.at(position)
        own = part is self.parts.own
        with self.parts.opened(part) as reader:
            size = reader.size
            end = size if part.length is None else min(part.length, size)
            if own:
                self._size = size
            self.index.base(reading=not own)
            done = self._read(reader, part, position - part.start, end, max_bytes)
        if not own:
            if done:
                # Whatever lies between the last line that counts and the next file belongs to neither.
                self.index.skip_to(self._next_start(part))
            return False
        if done:
            self._check()
        return done

    def _next_start(self, part: Part) -> int:
        return min(other.start for other in self.parts if other.start > part.start)

    def _read(self, reader: LineReader, part: Part, start: int, end: int, max_bytes: int) -> bool:
        """Apply the lines from `start` on; whether the part has no more that count."""
        index = self.index
        self._is_torn = False
        own = part is self.parts.own
        for raw in scan(reader, start, end):
            read = self._read_line(reader, raw)
            if read is None:
                self._take_bad(part, raw)
                continue
            doubted = index.doubted_by(read.ordinal)
            if doubted is not None:
                self._check_line(reader, part, doubted)
            if own:
                self._lines += 1
            if part.end_ordinal is not None and index.place_of(read.ordinal) >= part.end_ordinal:
                part.length = raw.start
                return True
            place = part.start + raw.start
            if read.payload is PASSED and read.ordinal is not None:
                index.pass_over(place, raw.length, read.ordinal)
            else:
                index.apply(read.payload, LineSpan(place, raw.length), read.ordinal)
            if raw.start + raw.length - start >= max_bytes:
                return False
        if index.unchecked is not None and index.unchecked.start >= part.start:
            self._check_line(reader, part, index.unchecked)
        if own:
            self._ends_in_newline = end == 0 or reader.read(1, end - 1) == b"\n"
        return True

    def _take_bad(self, part: Part, raw: RawLine) -> None:
        if raw.is_terminated:
            self._bad_lines += not _is_blank(raw)
            self.index.skip_to(part.start + raw.start + raw.length)
        else:
            # It may be being written just now: it is looked at again once there is more.
            self._is_torn = not _is_blank(raw)

    def _read_line(self, reader: LineReader, raw: RawLine) -> Read | None:
        index = self.index
        if not raw.can_be_json:
            return None
        if not index.takes_marks or not raw.is_terminated:
            return read_line(raw.whole(reader))
        read = read_mark(raw.buffer, raw.begin, raw.end, partial(raw.whole, reader))
        mark = None if read is None else read.payload
        if isinstance(mark, ItemMark) and mark.kind == "user" and index.wants_user_message:
            return read_line(raw.whole(reader))
        return read

    def _check_line(self, reader: LineReader, part: Part, line: LineSpan) -> None:
        """Decode a line after all that was passed over."""
        if line.start < part.start:
            return
        raw = reader.read(line.length, line.start - part.start)
        if decode_line(raw) is None:
            self.index.discount()
            self._bad_lines += 1

    def _check(self) -> None:
        """Raise unless what was read, now that all is, is a thread."""
        if self._lines == 0:
            raise RolloutReadError(self.source.label, "is empty" if self._size == 0 else "holds no rollout line")
        if self.facts.meta is None:
            self.index.start(meta_from_name(self.source))

    # --- growing ---

    def append(self, payload: Payload, *, offset: int, length: int, ordinal: int | None) -> None:
        """Take a line into account that was written to the thread's own rollout, there."""
        self.index.apply(payload, LineSpan(self.own_start + offset, length), ordinal)
        self._lines += 1

    # --- reading ---

    def read_items(self, spans: Sequence[ItemSpan]) -> list[StoredItem]:
        """Return the items at those places; those whose lines have become unreadable are left out.

        Raises RolloutReadError.
        """
        lines = iter(self.parts.read([line for span in spans for line in span.lines]))
        made = (
            make_item(
                span,
                [next(lines) for _ in span.lines],
                meta=self.facts.meta,
                interrupted_before=self.interrupted_before,
            )
            for span in spans
        )
        return [item for item in made if item is not None]

    def read_turns(
        self, turns: Sequence[TurnSnapshot], choose: Callable[[Sequence[ItemSpan]], Sequence[ItemSpan]]
    ) -> list[StoredTurn]:
        """Return turns, each with those of its items that `choose` gives. Raises RolloutReadError."""
        items = iter(self._read_each([choose(snapshot.items()) for snapshot in turns]))
        before = self.interrupted_before
        return [make_turn(snapshot.turn, next(items), interrupted_before=before) for snapshot in turns]

    def _read_each(self, groups: Sequence[Sequence[ItemSpan]]) -> list[list[StoredItem]]:
        by_ordinal = {item.ordinal: item for item in self.read_items([span for group in groups for span in group])}
        return [[by_ordinal[span.ordinal] for span in group if span.ordinal in by_ordinal] for group in groups]

    def unprocessed_inputs(self) -> list[Payload]:
        """Return the lines that make items of inputs which a turn was cut short before it took up.

        They are to be written before the model's history is told. Raises RolloutReadError.
        """
        unprocessed = self.index.unprocessed()
        found: list[Payload] = []
        for one, raw in zip(unprocessed, self.parts.read([one.line for one in unprocessed]), strict=True):
            line = decode_line(raw)
            if line is None or not isinstance(line.payload, InputAccepted) or self.facts.meta is None:
                continue
            accepted = line.payload
            completed = ItemCompletedLine(
                thread_id=self.facts.meta.id,
                turn_id=one.turn_id,
                item=accepted.item,
                started_at_ms=accepted.accepted_at_ms,
                completed_at_ms=accepted.accepted_at_ms,
            )
            found += [completed, *map(ResponseItem.of, accepted.history)]
        return found

    def model_history(self) -> list[dict[str, Any]]:
        """Return the items that the next model request starts from, by the lines indexed so far.

        Raises RolloutReadError.
        """
        return self.model_past().items()

    def model_past(self) -> ModelHistoryBuilder:
        """Return the same, with what else its lines tell. Raises RolloutReadError."""
        model = ModelHistoryBuilder()
        for start, stop in self._model_ranges():
            self._read_model(model, start, stop)
        return model

    def _model_ranges(self) -> list[tuple[int, int]]:
        """Return from where to where the lines lie that tell what the model knows."""
        state = self.index.state
        ranges: list[tuple[int, int]] = []
        start = state.model_start
        for undone in state.undone:
            if undone.end > start:
                ranges.append((start, undone.start))
                start = undone.end
        return [one for one in (*ranges, (start, state.position)) if one[0] < one[1]]

    def _read_model(self, model: ModelHistoryBuilder, start: int, stop: int) -> None:
        for part in self.parts:
            end = stop - part.start if part.length is None else min(part.length, stop - part.start)
            begin = max(start - part.start, 0)
            if begin >= end:
                continue
            with self.parts.opened(part) as reader:
                for raw in scan(reader, begin, end):
                    if tells_model_history(raw.buffer, raw.begin, raw.end):
                        line = decode_line(raw.whole(reader))
                        if line is not None:
                            model.apply(line)


class Head(NamedTuple):
    """What the first lines of a rollout tell, and whether there are more of them than were read."""

    facts: HistoryFacts
    has_more: bool


def read_head(reader: LineReader, *, max_bytes: int) -> Head:
    """Return what a rollout tells up to the first message of the user. Raises OSError."""
    index = SpanIndex()
    has_more = False
    for raw in scan(reader, 0, reader.size):
        if raw.start + raw.length > max_bytes:
            has_more = True
            break
        read = read_line(raw.whole(reader)) if raw.can_be_json else None
        if read is not None:
            index.apply(read.payload, LineSpan(raw.start, raw.length), read.ordinal)
        if index.facts.preview:
            break
    return Head(index.facts, has_more)


def _is_blank(raw: RawLine) -> bool:
    return not raw.is_cut and not raw.buffer[raw.begin : raw.end].strip()


def meta_from_name(source: LineSource) -> SessionMeta:
    """Return what the name of a rollout without metadata tells about its thread. Raises RolloutReadError."""
    name = source.name
    if name is None:
        raise RolloutReadError(source.label, "does not say which thread it holds")
    try:
        created_ms = int(time.mktime(time.strptime(name.time, "%Y-%m-%dT%H-%M-%S"))) * 1000
    except (ValueError, OverflowError):
        created_ms = 0
    return SessionMeta(id=name.thread_id, timestamp=format_timestamp(created_ms), source="vscode")

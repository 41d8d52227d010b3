"""The rollouts that hold a thread's lines: its own, and, for a fork, those that it goes on from.

Owns the one row of byte offsets that indexes use for all of them, and reading lines by it. Does not own what lines say.
Synchronous: callers run it in a worker thread.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import msgspec

from codex_trio.state.history.span_values import LineSpan
from codex_trio.state.rollout.errors import RolloutReadError
from codex_trio.state.rollout.lines import SessionMeta, decode_line
from codex_trio.state.rollout.scan import scan
from codex_trio.state.rollout.sources import BaseLocator, LineReader, LineSource

# Lines that are no further apart are read in one go, up to so many bytes.
_GAP_BYTES = 8 << 10
_GROUP_BYTES = 1 << 20

_META_LINES = 10

_NO_LINE = memoryview(b"")


class Part(msgspec.Struct, kw_only=True):
    """A rollout of which the bytes from offset 0 on are at `start` in the thread's row of bytes.

    `id` is what those that build on it call it. `length` is how many of the bytes count, None for one that grows.
    Lines from `end_ordinal` on do not count.
    """

    source: LineSource
    id: str
    start: int
    length: int | None = None
    end_ordinal: int | None = None


class Parts:
    """The rollouts of one thread, in the order of their lines; the last one is its own."""

    def __init__(self, parts: Sequence[Part], *, locate_base: BaseLocator | None, missing_base: str | None) -> None:
        self._parts = list(parts)
        self._locate_base = locate_base
        self.missing_base = missing_base

    @property
    def own(self) -> Part:
        """The thread's own rollout."""
        return self._parts[-1]

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts)

    def at(self, offset: int) -> Part:
        """Return the part that holds that place."""
        return next(part for part in reversed(self._parts) if part.start <= offset)

    def read(self, spans: Sequence[LineSpan]) -> list[memoryview]:
        """Return the lines at those places, newlines included. Raises RolloutReadError."""
        order = sorted(range(len(spans)), key=lambda number: spans[number].start)
        lines: list[memoryview] = [_NO_LINE] * len(spans)
        with ExitStack() as stack:
            readers: dict[int, LineReader] = {}
            for part, group in self._groups(spans, order):
                if part.start not in readers:
                    readers[part.start] = stack.enter_context(self.opened(part))
                first = spans[group[0]].start
                data = memoryview(_read(part, readers[part.start], first - part.start, spans[group[-1]].end - first))
                for number in group:
                    span = spans[number]
                    lines[number] = data[span.start - first : span.start - first + span.length]
        return lines

    def _groups(self, spans: Sequence[LineSpan], order: Sequence[int]) -> Iterator[tuple[Part, list[int]]]:
        """Yield the spans, by number, in the order of their places, those together that are read together."""
        group: list[int] = []
        part = self._parts[0]
        first = last = stop = 0
        for number in order:
            span = spans[number]
            start, end = span.start, span.start + span.length
            if group and start - last <= _GAP_BYTES and end - first <= _GROUP_BYTES and start < stop:
                group.append(number)
                last = end
                continue
            if group:
                yield part, group
            group, part = [number], self.at(start)
            first, last, stop = start, end, self._end_of(part)
        if group:
            yield part, group

    def _end_of(self, part: Part) -> int:
        """Return where the next part begins."""
        return sys.maxsize if part is self.own or part.length is None else part.start + part.length

    @contextmanager
    def opened(self, part: Part) -> Generator[LineReader]:
        """Provide a part, to be read. Raises RolloutReadError."""
        with ExitStack() as stack:
            try:
                yield self._open(part, stack)
            except OSError as error:
                raise RolloutReadError(part.source.label, error.strerror or str(error)) from error

    def _open(self, part: Part, stack: ExitStack) -> LineReader:
        try:
            return stack.enter_context(part.source.opened())
        except FileNotFoundError:
            # Archived, or taken back, since: its thread's files are where the others of that thread are.
            others = frozenset(other.source for other in self._parts if other is not part)
            moved = None if self._locate_base is None else self._locate_base(part.id, others)
            if moved is None:
                raise
            part.source = moved
            return stack.enter_context(moved.opened())


def _read(part: Part, reader: LineReader, offset: int, length: int) -> bytes:
    try:
        return reader.read(length, offset)
    except OSError as error:
        raise RolloutReadError(part.source.label, error.strerror or str(error)) from error


def read_meta(source: LineSource) -> SessionMeta | None:
    """Return the rollout's own metadata, its first, looked for among the first lines only. Raises RolloutReadError."""
    try:
        with source.opened() as reader:
            for index, raw in enumerate(scan(reader, 0, reader.size)):
                line = decode_line(raw.whole(reader)) if raw.can_be_json else None
                if line is not None and isinstance(line.payload, SessionMeta):
                    return line.payload
                if index >= _META_LINES:
                    break
    except OSError as error:
        raise RolloutReadError(source.label, error.strerror or str(error)) from error
    return None


def find_parts(source: LineSource, *, locate_base: BaseLocator | None, until: int | None = None) -> Parts:
    """Return the rollouts of the thread that goes on in `source`; lines from the ordinal `until` on do not count.

    Raises RolloutReadError.
    """
    meta = read_meta(source)
    parts = [Part(source=source, id=_id_of(source, meta), start=0, end_ordinal=until)]
    missing: str | None = None
    end = until
    while meta is not None and meta.history_base is not None:
        base = meta.history_base
        seen = frozenset(part.source for part in parts)
        located = None if locate_base is None else locate_base(base.thread_id, seen)
        if located is None:
            missing = base.thread_id
            break
        bounded = base.end_ordinal_exclusive if end is None else min(base.end_ordinal_exclusive, end)
        length = base.end_byte_offset
        if length is None:
            length = _size(located)
        parts.append(Part(source=located, id=base.thread_id, start=0, length=length, end_ordinal=bounded))
        end = bounded
        meta = read_meta(located)
    parts.reverse()
    start = 0
    for part in parts:
        part.start = start
        start += part.length or 0
    return Parts(parts, locate_base=locate_base, missing_base=missing)


def _id_of(source: LineSource, meta: SessionMeta | None) -> str:
    """Return a rollout that a thread went on in later has an id of its own, in its name."""
    name = source.name
    if name is not None and name.segment_id:
        return name.segment_id
    return "" if meta is None else meta.id


def _size(source: LineSource) -> int:
    try:
        with source.opened() as reader:
            return reader.size
    except OSError as error:
        raise RolloutReadError(source.label, error.strerror or str(error)) from error

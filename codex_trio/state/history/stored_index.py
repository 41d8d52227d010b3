"""The index of a rollout as bytes that outlive the process: what they hold, and whether they still fit the files.

Owns that form, and opening a history by it. Does not own where the bytes are kept: an `IndexCache` is given
(state/local/index/span_cache.py). An index is only ever a shortcut: one that does not fit is ignored, and the files are
read.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

import msgspec
import trio

from codex_trio.state.history.parts import Parts
from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.span_values import IndexState
from codex_trio.state.history.spans import SpanIndex
from codex_trio.state.rollout.lines import UNDECODABLE
from codex_trio.state.rollout.sources import BaseLocator, LineReader, LineSource
from codex_trio.util import decoding

WORTHWHILE_BYTES = 256 << 10
"""How much of a rollout must have been read for its index to be kept: less is read again faster than looked up."""

_FORMAT = 5
_TAIL_BYTES = 64


class IndexCache(Protocol):
    """Where indexes are kept, by the name of the thread's own file."""

    async def get(self, file_name: str) -> bytes | None:
        """Return what was kept last for that file; None when nothing was, or it cannot be had."""
        ...

    def keep(self, file_name: str, index: bytes) -> None:
        """Have it kept, soon; never waits."""
        ...


class _StoredPart(msgspec.Struct, frozen=True, array_like=True):
    id: str
    start: int
    length: int | None


class _StoredIndex(msgspec.Struct, frozen=True, kw_only=True):
    """`inode` and `tail`, the bytes before `position`, are those of the thread's own file."""

    format: int
    inode: int
    tail: bytes
    parts: list[_StoredPart]
    bad_lines: int
    state: IndexState


class _Format(msgspec.Struct, frozen=True):
    format: int = 0


_encoder = msgspec.msgpack.Encoder()


class HistoryReader:
    """Opens the histories of rollouts, by their kept indexes where that saves reading."""

    def __init__(self, locate_base: BaseLocator, *, cache: IndexCache | None = None) -> None:
        self._locate_base = locate_base
        self._cache = cache

    async def open(self, source: LineSource, *, until: int | None = None) -> RolloutHistory:
        """Return the history in a rollout, up to date, but for lines from the ordinal `until` on.

        Raises RolloutReadError.
        """
        history = await trio.to_thread.run_sync(
            partial(RolloutHistory.open, source, locate_base=self._locate_base, until=until)
        )
        is_partial = until is not None or history.missing_base is not None
        path = source.path
        if self._cache is None or path is None or is_partial or history.size < WORTHWHILE_BYTES:
            await history.catch_up()
            return history
        kept = await self._cache.get(path.name)
        if kept is not None:
            await trio.to_thread.run_sync(restore, history, kept)
        start = history.index.state.position
        await history.catch_up()
        if history.index.state.position - start >= WORTHWHILE_BYTES:
            self._cache.keep(path.name, await trio.to_thread.run_sync(stored, history))
        return history


def stored(history: RolloutHistory) -> bytes:
    """Return the index of a history that nobody else is using. Blocking. Raises RolloutReadError."""
    parts = history.parts
    position = history.index.state.position - parts.own.start
    with parts.opened(parts.own) as reader:
        index = _StoredIndex(
            format=_FORMAT,
            inode=reader.identity,
            tail=_tail(reader, position),
            parts=_stored_parts(parts),
            bad_lines=history.bad_lines,
            state=history.index.pack(),
        )
    return _encoder.encode(index)


def restore(history: RolloutHistory, kept: bytes) -> bool:
    """Give a history of which nothing was read yet a kept index, if it fits. Blocking. Raises RolloutReadError."""
    try:
        if decoding.msgpack_decoder(_Format).decode(kept).format != _FORMAT:
            return False
        index = decoding.msgpack_decoder(_StoredIndex).decode(kept)
    except UNDECODABLE:
        return False
    parts = history.parts
    known = _stored_parts(parts)
    # How much of an inherited file counts may only show when it is read.
    if [(part.id, part.start) for part in known] != [(part.id, part.start) for part in index.parts]:
        return False
    position = index.state.position - parts.own.start
    with parts.opened(parts.own) as reader:
        if reader.identity != index.inode or reader.size < position or _tail(reader, position) != index.tail:
            return False
    for part, as_read in zip(parts, index.parts, strict=True):
        part.length = as_read.length
    history.take_up(SpanIndex(index.state), bad_lines=index.bad_lines)
    return True


def _stored_parts(parts: Parts) -> list[_StoredPart]:
    return [_StoredPart(part.id, part.start, part.length) for part in parts]


def _tail(reader: LineReader, position: int) -> bytes:
    begin = max(position - _TAIL_BYTES, 0)
    return reader.read(position - begin, begin)

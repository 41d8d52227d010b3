"""New rollout files that go on from an existing one: forks, and threads whose history is cut back.

Owns how the new file refers to, or copies, the lines it inherits. Files of today refer: their metadata names the
thread, ordinal and byte offset up to which the other file's lines count. Older files have no ordinals; their lines are
copied. Does not own appending afterwards (recorder.py). Synchronous: callers run it in a worker thread.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.state.rollout.file_history import FileHistory
from codex_trio.state.rollout.lines import HistoryBase, SessionMeta, StoredLine, encode_line
from codex_trio.state.rollout.span_values import TurnSpan

_CHUNK_BYTES = 1 << 20


class TurnNotFound(Exception):
    """The history has no turn with that id."""

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"turn not found: {turn_id}")
        self.turn_id = turn_id


class ForkPoint(msgspec.Struct, frozen=True):
    """Where the inherited part of a history ends: before the line with this ordinal, in that file at that offset.

    `id` is what files that build on that one call it. None inherited: ordinal 0.
    """

    ordinal: int
    path: Path
    id: str
    offset: int


def whole(history: FileHistory) -> ForkPoint:
    """The end of the history as it is now."""
    return _point(history, history.facts.next_ordinal, history.index.state.position)


def before(history: FileHistory, turn_id: str) -> ForkPoint:
    """Where a history without that turn and all later ones ends. Raises TurnNotFound."""
    turn = _turn(history, turn_id)
    first = history.index.position_of(turn) == 0
    return _point(history, 0 if first else turn.ordinal, 0 if first else turn.start)


def after(history: FileHistory, turn_id: str) -> ForkPoint:
    """Where a history that ends with that turn ends. Raises TurnNotFound."""
    following = history.index.position_of(_turn(history, turn_id)) + 1
    turns = history.index.turns
    return (
        whole(history) if following == len(turns) else _point(history, turns[following].ordinal, turns[following].start)
    )


def _turn(history: FileHistory, turn_id: str) -> TurnSpan:
    turn = history.index.turn(turn_id)
    if turn is None:
        raise TurnNotFound(turn_id)
    return turn


def _point(history: FileHistory, ordinal: int, position: int) -> ForkPoint:
    part = history.part_before(position)
    return ForkPoint(ordinal, part.path, part.id, position - part.start)


def start_from(point: ForkPoint, destination: Path, meta: SessionMeta, *, paginated: bool, timestamp: str) -> None:
    """Make a file that goes on from another's lines.

    `meta` says what the new file's thread is, one of its own or the one that is cut back; how the file is tied to the
    source, which is `paginated` or not, is filled in here, `forked_from_id` excepted. Raises RolloutWriteError.
    """
    base = None
    if paginated and point.ordinal > 0:
        base = HistoryBase(thread_id=point.id, end_ordinal_exclusive=point.ordinal, end_byte_offset=point.offset)
    inherited = meta.forked_from_ordinal_exclusive
    line = StoredLine(
        msgspec.structs.replace(
            meta,
            history_mode="paginated" if paginated else None,
            history_base=base,
            forked_from_ordinal_exclusive=_bounded(inherited, point.ordinal)
            if paginated and meta.forked_from_id
            else None,
        ),
        timestamp,
        point.ordinal if paginated else None,
    )
    _write_new(destination, encode_line(line), copied=None if paginated else point)


def _bounded(inherited: int | None, ordinal: int) -> int:
    """The end of what a fork inherited, which is less once the fork has been cut back to before it."""
    return ordinal if inherited is None else min(inherited, ordinal)


def _write_new(destination: Path, first_line: bytes, *, copied: ForkPoint | None) -> None:
    # Written aside and moved into place: a fork is there as a whole or not at all.
    aside = destination.with_name(f".{destination.name}.{os.getpid()}.tmp")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("xb") as file:
            file.write(first_line)
            if copied is not None:
                _copy(copied.path, file, copied.offset)
        aside.rename(destination)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise RolloutWriteError(destination, error.errno or 0, error.strerror or str(error)) from error


def _copy(source: Path, destination: BinaryIO, length: int) -> None:
    with source.open("rb") as file:
        while length > 0 and (chunk := file.read(min(length, _CHUNK_BYTES))):
            destination.write(chunk)
            length -= len(chunk)

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
from codex_trio.state.rollout.history import ThreadHistory
from codex_trio.state.rollout.lines import HistoryBase, SessionMeta, StoredLine, encode_line
from codex_trio.state.rollout.reader import BaseLocator, offset_of, read_meta

_CHUNK_BYTES = 1 << 20


class TurnNotFound(Exception):
    """The history has no turn with that id."""

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"turn not found: {turn_id}")
        self.turn_id = turn_id


def ordinal_before(history: ThreadHistory, turn_id: str) -> int:
    """The ordinal at which a history without that turn and all later ones ends. Raises TurnNotFound."""
    turn = history.turn(turn_id)
    if turn is None:
        raise TurnNotFound(turn_id)
    return turn.ordinal if history.turns.index(turn) > 0 else 0


def ordinal_after(history: ThreadHistory, turn_id: str) -> int:
    """The ordinal at which a history that ends with that turn ends. Raises TurnNotFound."""
    turn = history.turn(turn_id)
    if turn is None:
        raise TurnNotFound(turn_id)
    following = history.turns.index(turn) + 1
    return history.turns[following].ordinal if following < len(history.turns) else history.next_ordinal


def start_from(
    source: Path,
    destination: Path,
    meta: SessionMeta,
    *,
    end_ordinal: int,
    locate_base: BaseLocator | None,
    timestamp: str,
) -> None:
    """Make a file that goes on from `source`, whose lines count up to that ordinal (exclusive).

    `meta` says what the new thread is; how it is tied to the source is filled in here, `forked_from_id` excepted, which
    a thread that is cut back does not have. Raises RolloutReadError, RolloutWriteError.
    """
    source_meta = read_meta(source)
    base = None
    paginated = source_meta is not None and source_meta.is_paginated
    if source_meta is not None and paginated and end_ordinal > 0:
        owner, owner_meta = _owner(source, source_meta, end_ordinal, locate_base)
        base = HistoryBase(
            thread_id=owner_meta.id,
            end_ordinal_exclusive=end_ordinal,
            end_byte_offset=offset_of(owner, end_ordinal),
        )
    is_fork = paginated and base is not None and meta.forked_from_id is not None
    line = StoredLine(
        msgspec.structs.replace(
            meta,
            history_mode="paginated" if paginated else None,
            history_base=base,
            forked_from_ordinal_exclusive=end_ordinal if is_fork else None,
        ),
        timestamp,
        end_ordinal if paginated else None,
    )
    _write_new(destination, encode_line(line), copied_from=None if paginated else source, end_ordinal=end_ordinal)


def _owner(
    path: Path, meta: SessionMeta, end_ordinal: int, locate_base: BaseLocator | None
) -> tuple[Path, SessionMeta]:
    """The file, of this one and those it builds on, that holds the last line before that ordinal."""
    seen = frozenset({path})
    while meta.history_base is not None and end_ordinal <= meta.history_base.end_ordinal_exclusive:
        base_path = None if locate_base is None else locate_base(meta.history_base.thread_id, seen)
        base_meta = None if base_path is None else read_meta(base_path)
        if base_path is None or base_meta is None:
            break
        path, meta, seen = base_path, base_meta, seen | {base_path}
    return path, meta


def _write_new(destination: Path, first_line: bytes, *, copied_from: Path | None, end_ordinal: int) -> None:
    # Written aside and moved into place: a fork is there as a whole or not at all.
    aside = destination.with_name(f".{destination.name}.{os.getpid()}.tmp")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("xb") as file:
            file.write(first_line)
            if copied_from is not None:
                _copy(copied_from, file, offset_of(copied_from, end_ordinal))
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

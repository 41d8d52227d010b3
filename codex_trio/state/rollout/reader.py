"""Reading rollout files: line by line, never whole, never failing on what a line holds.

Owns streaming, counting of bad lines, and following a fork to the file that it continues. Does not own decoding
(lines.py) nor what lines add up to (history.py, model_history.py). Synchronous: callers on the event loop run it in a
worker thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import msgspec

from codex_trio.state.rollout.errors import RolloutReadError
from codex_trio.state.rollout.history import HistoryBuilder, ThreadHistory
from codex_trio.state.rollout.lines import HistoryBase, SessionMeta, StoredLine, decode_line, format_timestamp
from codex_trio.state.rollout.model_history import ModelHistory
from codex_trio.state.rollout.paths import RolloutName

# Given a thread id and the files read so far, the file that holds that thread's earlier lines, if there is one.
BaseLocator: TypeAlias = Callable[[str, frozenset[Path]], Path | None]

_BUFFER_BYTES = 1 << 20


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
    model: ModelHistory | None
    report: ReadReport

    @property
    def history(self) -> ThreadHistory:
        """The turns and everything around them."""
        return self.builder.history


def iter_lines(path: Path, report: ReadReport, *, end_offset: int | None = None) -> Iterator[StoredLine]:
    """The lines of a file up to that byte offset, bad ones skipped and counted in the report."""
    try:
        with path.open("rb", buffering=_BUFFER_BYTES) as file:
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
    except OSError as error:
        raise RolloutReadError(path, error.strerror or str(error)) from error


def read_meta(path: Path) -> SessionMeta | None:
    """The file's own metadata, which is its first; looked for among the first lines only."""
    for index, line in enumerate(iter_lines(path, ReadReport())):
        if isinstance(line.payload, SessionMeta):
            return line.payload
        if index >= 10:
            break
    return None


def load(
    path: Path, *, locate_base: BaseLocator | None = None, with_model_history: bool, until: int | None = None
) -> LoadedRollout:
    """Read a thread: its turns, and with `with_model_history` the items that its next model request starts from.

    A fork's inherited lines are read from the file that `locate_base` gives. `until` stops before the line with that
    ordinal. Turns that never ended come back as interrupted. Raises RolloutReadError.
    """
    loaded = LoadedRollout(
        builder=HistoryBuilder(), model=ModelHistory() if with_model_history else None, report=ReadReport()
    )
    meta = read_meta(path)
    if meta is not None and meta.history_base is not None:
        loaded.builder.start(meta)
        loaded.builder.base(reading=True)
        _apply_base(loaded, meta.history_base, locate_base, seen=frozenset({path}), until=until)
        loaded.builder.base(reading=False)
    _apply(loaded, iter_lines(path, loaded.report), until=until)
    if loaded.report.lines == 0:
        raise RolloutReadError(path, "is empty" if loaded.report.size == 0 else "holds no rollout line")
    if loaded.history.meta is None:
        loaded.builder.start(meta_from_name(path))
    loaded.builder.close_open_turns()
    return loaded


def meta_from_name(path: Path) -> SessionMeta:
    """What the name of a file without metadata tells about its thread."""
    name = RolloutName.parse(path.name)
    if name is None:
        raise RolloutReadError(path, "does not say which thread it holds")
    created_ms = int(time.mktime(time.strptime(name.time, "%Y-%m-%dT%H-%M-%S"))) * 1000
    return SessionMeta(id=name.thread_id, timestamp=format_timestamp(created_ms), source="vscode")


def _apply_base(
    loaded: LoadedRollout,
    base: HistoryBase,
    locate: BaseLocator | None,
    *,
    seen: frozenset[Path],
    until: int | None,
) -> None:
    path = None if locate is None else locate(base.thread_id, seen)
    if path is None:
        loaded.report.missing_base = base.thread_id
        return
    end = base.end_ordinal_exclusive if until is None else min(base.end_ordinal_exclusive, until)
    meta = read_meta(path)
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


def offset_of(path: Path, ordinal: int) -> int:
    """The byte offset of the first line whose ordinal is at least that; the file's size when there is none."""
    report = ReadReport()
    before = 0
    place = 0
    for line in iter_lines(path, report):
        place = place if line.ordinal is None else line.ordinal
        if place >= ordinal:
            return before
        before = report.size
        place += 1
    return report.size

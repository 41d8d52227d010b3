"""Writing a thread down: the recorder of a rollout file, and one that keeps nothing on disk.

Owns appending: lines get their time and ordinal, go out in one write of whole lines, and only then count in the
thread's history, which the recorder keeps up to date without holding what it wrote. Does not own what is worth
recording (engine) or reading (file_history.py). One recorder exists per loaded thread; it is used from the event loop.

When append returns, the lines survive the death of this process at any moment (they are in the file, not necessarily
on the disk's platter). When it raises RolloutWriteError, none of them counts: what part reached the file is cut off
again, or is left as one bad line that readers skip.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec
import trio

from codex_trio.state.rollout import legacy
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.state.rollout.events import InputAccepted, ItemCompleted
from codex_trio.state.rollout.file_history import FileHistory
from codex_trio.state.rollout.history import HistoryFacts
from codex_trio.state.rollout.lines import Payload, SessionMeta, StoredLine, encode_line, format_timestamp
from codex_trio.state.rollout.parts import BaseLocator
from codex_trio.state.rollout.span_values import IndexState, LineSpan
from codex_trio.state.rollout.spans import SpanIndex


class ThreadRecorder(Protocol):
    """What a thread records itself with, on disk or not."""

    @property
    def path(self) -> Path | None:
        """The rollout file, which may not exist yet; None for a thread that leaves no trace."""
        ...

    @property
    def is_materialized(self) -> bool:
        """Whether the thread can be found again by its file."""
        ...

    @property
    def meta(self) -> SessionMeta:
        """What the thread is."""
        ...

    @property
    def facts(self) -> HistoryFacts:
        """What the recorded lines tell of the thread as a whole; changes with each append."""
        ...

    @property
    def history(self) -> FileHistory | None:
        """All that has been recorded, to be read from the file; None for a thread that leaves no trace."""
        ...

    async def model_history(self) -> list[dict[str, Any]]:
        """The items that the next model request starts from, as recorded so far. Raises RolloutReadError."""
        ...

    async def take_up_inputs(self) -> None:
        """Record inputs as said that were accepted by turns which were cut short before they took them up.

        Raises RolloutReadError, RolloutWriteError.
        """
        ...

    async def append(self, payloads: Sequence[Payload]) -> None:
        """Record lines, in order, all or none. Raises RolloutWriteError."""
        ...

    async def update_meta(self, meta: SessionMeta) -> None:
        """Change what the thread is: at once in the file if there is one, else when it is made."""
        ...

    async def materialize(self) -> None:
        """Make the file exist now rather than with the first lines. Raises RolloutWriteError."""
        ...

    async def aclose(self) -> None:
        """Give up the file; appending fails from now on."""
        ...


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class RolloutRecorder:
    """Appends to one rollout file. Made by `create` or `open`."""

    def __init__(self, history: FileHistory, writer: _FileWriter, clock: Callable[[], int]) -> None:
        self._path = history.path
        self._history = history
        self._writer = writer
        self._clock = clock
        self._lock = trio.Lock()
        self._is_closed = False
        self._meta_is_written = writer.exists

    @classmethod
    def create(cls, path: Path, meta: SessionMeta, *, clock: Callable[[], int] = _now_ms) -> RolloutRecorder:
        """A recorder for a new thread; the file and its folders appear with the first lines. `clock` gives Unix ms."""
        return cls(FileHistory.new(path, meta), _FileWriter(path), clock)

    @classmethod
    def open(cls, history: FileHistory, *, clock: Callable[[], int] = _now_ms) -> RolloutRecorder:
        """Continue a file, all of which has been read, after the last good line.

        Turns that never ended were cut short with the process that ran them: they count as interrupted.
        """
        history.interrupted_before = history.facts.next_ordinal
        writer = _FileWriter(history.path, size=history.size, needs_newline=not history.ends_in_newline)
        return cls(history, writer, clock)

    @classmethod
    async def reopen(cls, path: Path, *, locate_base: BaseLocator | None = None) -> RolloutRecorder:
        """Read a file and continue it. Raises RolloutReadError."""
        history = await trio.to_thread.run_sync(partial(FileHistory.open, path, locate_base=locate_base))
        await history.catch_up()
        return cls.open(history)

    @property
    def path(self) -> Path:
        """The rollout file, which may not exist yet."""
        return self._path

    @property
    def is_materialized(self) -> bool:
        """Whether the file exists."""
        return self._meta_is_written

    @property
    def meta(self) -> SessionMeta:
        """What the thread is."""
        assert self.facts.meta is not None
        return self.facts.meta

    @property
    def facts(self) -> HistoryFacts:
        """What the recorded lines tell of the thread as a whole; changes with each append."""
        return self._history.facts

    @property
    def history(self) -> FileHistory:
        """All that has been recorded, to be read from the file."""
        return self._history

    async def model_history(self) -> list[dict[str, Any]]:
        """The items that the next model request starts from, as recorded so far. Raises RolloutReadError."""
        if not self._meta_is_written:
            await trio.lowlevel.checkpoint()
            return []
        return await trio.to_thread.run_sync(self._history.model_history)

    async def take_up_inputs(self) -> None:
        """Record inputs as said that were accepted by turns which were cut short before they took them up.

        Raises RolloutReadError, RolloutWriteError.
        """
        async with self._lock:
            if self._history.index.unheard():
                await self._append(await trio.to_thread.run_sync(self._history.unheard_inputs))

    async def append(self, payloads: Sequence[Payload]) -> None:
        """Record lines, in order, all or none. Raises RolloutWriteError."""
        async with self._lock:
            await self._append(payloads)

    async def update_meta(self, meta: SessionMeta) -> None:
        """Change what the thread is: at once in the file if there is one, else when it is made."""
        async with self._lock:
            if self._meta_is_written:
                await self._append([meta])
            else:
                self._history.index.start(meta)

    async def materialize(self) -> None:
        """Make the file exist now rather than with the first lines. Raises RolloutWriteError."""
        async with self._lock:
            if not self._meta_is_written:
                await self._append([])

    async def aclose(self) -> None:
        """Give up the file; appending fails from now on. Waits for an append that is under way."""
        with trio.CancelScope(shield=True):
            async with self._lock:
                self._is_closed = True
                self._writer.close()

    async def _append(self, payloads: Sequence[Payload]) -> None:
        if self._is_closed:
            raise RolloutWriteError(self._path, 0, "the thread is closed")
        lines = self._lines(payloads)
        if not lines:
            return
        encoded = [encode_line(line) for line in lines]
        # Not abandoned when cancelled: either the lines are in the file and count, or they are not and do not.
        offset = await trio.to_thread.run_sync(self._writer.write, b"".join(encoded))
        self._meta_is_written = True
        for line, data in zip(lines, encoded, strict=True):
            self._history.append(line.payload, offset=offset, length=len(data), ordinal=line.ordinal)
            offset += len(data)

    def _lines(self, payloads: Sequence[Payload]) -> list[StoredLine]:
        meta = self.meta
        stored: list[Payload] = [] if self._meta_is_written else [meta]
        for payload in payloads:
            stored.append(payload)
            if isinstance(payload, ItemCompleted) and not meta.is_paginated:
                # Other releases take an older file for what it was when it was made, and look for older events in it.
                stored += legacy.mirror(payload.item, turn_id=payload.turn_id)
        timestamp = format_timestamp(self._clock())
        ordinals = itertools.count(self.facts.next_ordinal)
        return [
            StoredLine(payload, timestamp, next(ordinals) if meta.is_paginated and _has_place(payload) else None)
            for payload in stored
        ]


class EphemeralRecorder:
    """Keeps what a thread's lines tell of it as a whole, in memory only, and none of its turns."""

    def __init__(self, meta: SessionMeta, *, inherited: FileHistory | None = None) -> None:
        """`inherited` is the history that the thread goes on from, when it is a fork."""
        facts = HistoryFacts() if inherited is None else msgspec.structs.replace(inherited.facts)
        self._index = SpanIndex(IndexState(facts=facts))
        self._inherited = inherited
        self._index.start(meta)
        self._is_closed = False

    @property
    def path(self) -> None:
        """There is none."""
        return

    @property
    def is_materialized(self) -> bool:
        """Never."""
        return False

    @property
    def meta(self) -> SessionMeta:
        """What the thread is."""
        assert self.facts.meta is not None
        return self.facts.meta

    @property
    def facts(self) -> HistoryFacts:
        """What the recorded lines tell of the thread as a whole; changes with each append."""
        return self._index.facts

    @property
    def history(self) -> None:
        """There is none."""
        return

    async def model_history(self) -> list[dict[str, Any]]:
        """The items that the first model request starts from: those of a fork's source. Raises RolloutReadError."""
        if self._inherited is None:
            await trio.lowlevel.checkpoint()
            return []
        return await trio.to_thread.run_sync(self._inherited.model_history)

    async def take_up_inputs(self) -> None:
        """Do nothing: what died with a process is gone."""
        await trio.lowlevel.checkpoint_if_cancelled()

    async def append(self, payloads: Sequence[Payload]) -> None:
        """Record lines, in order."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._is_closed:
            raise RolloutWriteError(Path(), 0, "the thread is closed")
        for payload in payloads:
            self._index.apply(payload, LineSpan(0, 0), None)

    async def update_meta(self, meta: SessionMeta) -> None:
        """Change what the thread is."""
        await trio.lowlevel.checkpoint_if_cancelled()
        self._index.start(meta)

    async def materialize(self) -> None:
        """Do nothing: the thread leaves no trace."""
        await trio.lowlevel.checkpoint_if_cancelled()

    async def aclose(self) -> None:
        """Appending fails from now on."""
        await trio.lowlevel.checkpoint_if_cancelled()
        self._is_closed = True


def _has_place(payload: Payload) -> bool:
    """Whether a line counts among those that other servers know."""
    return not isinstance(payload, InputAccepted)


class _FileWriter:
    """The file as a place to append whole lines to. Blocking; used by one thread at a time."""

    def __init__(self, path: Path, *, size: int | None = None, needs_newline: bool = False) -> None:
        """`size` is that of the existing file to continue, None to make a new one."""
        self._path = path
        self._size = size
        self._needs_newline = needs_newline
        self._fd: int | None = None

    @property
    def exists(self) -> bool:
        """Whether the file has been made."""
        return self._size is not None

    def write(self, data: bytes) -> int:
        """Append data, all or nothing; the offset at which it begins. Raises RolloutWriteError."""
        try:
            fd = self._open()
        except OSError as error:
            raise self._failure(error) from error
        before = self._size or 0
        remaining = memoryview(b"\n" + data if self._needs_newline else data)
        written = 0
        try:
            while remaining:
                count = os.write(fd, remaining)
                written += count
                remaining = remaining[count:]
        except OSError as error:
            self._undo(fd, before, written)
            raise self._failure(error) from error
        # Where the write ended, whoever else has appended since the last one.
        self._size = os.lseek(fd, 0, os.SEEK_CUR)
        self._needs_newline = False
        return self._size - len(data)

    def close(self) -> None:
        """Give up the file descriptor."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _open(self) -> int:
        if self._fd is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
            if self._size is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                flags |= os.O_CREAT | os.O_EXCL
            self._fd = os.open(self._path, flags, 0o644)
        return self._fd

    def _undo(self, fd: int, before: int, written: int) -> None:
        """Take back a write that got only so far."""
        if self._size is None:
            # The file was made for this write: without it, there is no thread to find.
            self.close()
            with contextlib.suppress(OSError):
                self._path.unlink()
            return
        if written == 0:
            return
        try:
            if os.fstat(fd).st_size != before + written:
                raise OSError("the file was changed by another process")
            os.ftruncate(fd, before)
        except OSError:
            # A torn line stays behind; the next write starts on a line of its own.
            self._size = before + written
            self._needs_newline = True

    def _failure(self, error: OSError) -> RolloutWriteError:
        return RolloutWriteError(self._path, error.errno or 0, error.strerror or str(error))

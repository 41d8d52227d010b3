"""Writing a thread down: the recorder of a rollout file, and one that keeps nothing on disk.

Owns appending: lines get their time and ordinal, go out in one write of whole lines, and only then count in the
thread's history, which the recorder keeps up to date. Does not own what is worth recording (engine) or reading
(reader.py). One recorder exists per loaded thread; it is used from the event loop.

When append returns, the lines survive the death of this process at any moment (they are in the file, not necessarily
on the disk's platter). When it raises RolloutWriteError, none of them counts: what part reached the file is cut off
again, or is left as one bad line that readers skip.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import trio

from codex_trio.state.rollout import legacy
from codex_trio.state.rollout.errors import RolloutWriteError
from codex_trio.state.rollout.events import ItemCompleted
from codex_trio.state.rollout.history import HistoryBuilder, ThreadHistory
from codex_trio.state.rollout.lines import Payload, SessionMeta, StoredLine, encode_line, format_timestamp
from codex_trio.state.rollout.reader import BaseLocator, ReadReport, load


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
    def history(self) -> ThreadHistory:
        """All that has been recorded; changes with each append."""
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


class OpenedRollout(msgspec.Struct, kw_only=True):
    """A recorder that continues a file, the items that the next model request starts from, and what reading found."""

    recorder: RolloutRecorder
    model_history: list[dict[str, Any]]
    report: ReadReport


class RolloutRecorder:
    """Appends to one rollout file. Made by `create` or `open`."""

    def __init__(self, path: Path, builder: HistoryBuilder, writer: _FileWriter, clock: Callable[[], int]) -> None:
        self._path = path
        self._builder = builder
        self._writer = writer
        self._clock = clock
        self._lock = trio.Lock()
        self._is_closed = False
        self._meta_is_written = writer.exists

    @classmethod
    def create(cls, path: Path, meta: SessionMeta, *, clock: Callable[[], int] = _now_ms) -> RolloutRecorder:
        """A recorder for a new thread; the file and its folders appear with the first lines. `clock` gives Unix ms."""
        builder = HistoryBuilder()
        builder.start(meta)
        return cls(path, builder, _FileWriter(path), clock)

    @classmethod
    async def open(
        cls, path: Path, *, locate_base: BaseLocator | None = None, clock: Callable[[], int] = _now_ms
    ) -> OpenedRollout:
        """Continue a file, after the last good line. Raises RolloutReadError."""

        def read() -> OpenedRollout:
            loaded = load(path, locate_base=locate_base, with_model_history=True)
            assert loaded.model is not None
            writer = _FileWriter(path, size=loaded.report.size, needs_newline=not loaded.report.ends_in_newline)
            return OpenedRollout(
                recorder=cls(path, loaded.builder, writer, clock),
                model_history=loaded.model.items(),
                report=loaded.report,
            )

        return await trio.to_thread.run_sync(read)

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
        assert self._builder.history.meta is not None
        return self._builder.history.meta

    @property
    def history(self) -> ThreadHistory:
        """All that has been recorded; changes with each append."""
        return self._builder.history

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
                self._builder.start(meta)

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
        data = b"".join(map(encode_line, lines))
        # Not abandoned when cancelled: either the lines are in the file and count, or they are not and do not.
        await trio.to_thread.run_sync(self._writer.write, data)
        self._meta_is_written = True
        for line in lines:
            self._builder.apply(line)

    def _lines(self, payloads: Sequence[Payload]) -> list[StoredLine]:
        meta = self.meta
        stored: list[Payload] = [] if self._meta_is_written else [meta]
        for payload in payloads:
            stored.append(payload)
            if isinstance(payload, ItemCompleted) and not meta.is_paginated:
                # Other releases take an older file for what it was when it was made, and look for older events in it.
                stored += legacy.mirror(payload.item, turn_id=payload.turn_id)
        timestamp = format_timestamp(self._clock())
        first = self._builder.history.next_ordinal if meta.is_paginated else None
        return [
            StoredLine(payload, timestamp, None if first is None else first + index)
            for index, payload in enumerate(stored)
        ]


class EphemeralRecorder:
    """Keeps a thread's history in memory only."""

    def __init__(
        self, meta: SessionMeta, *, builder: HistoryBuilder | None = None, clock: Callable[[], int] = _now_ms
    ) -> None:
        """`builder` holds the history to go on from, such as that of a fork's source."""
        self._builder = HistoryBuilder() if builder is None else builder
        self._builder.start(meta)
        self._clock = clock
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
        assert self._builder.history.meta is not None
        return self._builder.history.meta

    @property
    def history(self) -> ThreadHistory:
        """All that has been recorded; changes with each append."""
        return self._builder.history

    async def append(self, payloads: Sequence[Payload]) -> None:
        """Record lines, in order."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._is_closed:
            raise RolloutWriteError(Path(), 0, "the thread is closed")
        timestamp = format_timestamp(self._clock())
        for payload in payloads:
            self._builder.apply(StoredLine(payload, timestamp, None))

    async def update_meta(self, meta: SessionMeta) -> None:
        """Change what the thread is."""
        await trio.lowlevel.checkpoint_if_cancelled()
        self._builder.start(meta)

    async def materialize(self) -> None:
        """Do nothing: the thread leaves no trace."""
        await trio.lowlevel.checkpoint_if_cancelled()

    async def aclose(self) -> None:
        """Appending fails from now on."""
        await trio.lowlevel.checkpoint_if_cancelled()
        self._is_closed = True


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

    def write(self, data: bytes) -> None:
        """Append data, all or nothing. Raises RolloutWriteError."""
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
        self._size = before + written
        self._needs_newline = False

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

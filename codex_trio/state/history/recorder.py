"""Writing a thread down: the recorder of a rollout, and one that keeps nothing to be read again.

Owns appending: lines get their time and ordinal, go out in one write of whole lines, and only then count in the
thread's history, which the recorder keeps up to date without holding what it wrote. Does not own what is worth
recording (engine), reading (rollout_history.py) or the bytes' way into a file (file_lines.py). One recorder exists per
loaded thread; it is used from the event loop.

When append returns, lines of a file survive the death of this process at any moment (they are in the file, not
necessarily on the disk's platter). When it raises RolloutWriteError, none of them counts: what part reached the file is
cut off again, or is left as one bad line that readers skip.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import trio

from codex_trio.state.history.rollout_history import RolloutHistory
from codex_trio.state.history.span_values import IndexState, LineSpan
from codex_trio.state.history.spans import SpanIndex
from codex_trio.state.history.values import HistoryFacts
from codex_trio.state.rollout import legacy
from codex_trio.state.rollout.errors import RolloutReadError, RolloutWriteError
from codex_trio.state.rollout.events import InputAccepted, ItemCompletedLine
from codex_trio.state.rollout.lines import Payload, SessionMeta, StoredLine, encode_line, format_timestamp
from codex_trio.state.rollout.sources import LineSource, LineWriter
from codex_trio.util.clock import now_ms

WRITE_SECONDS = 30.0
"""How long the disk may take for a write before it counts as failed: one that is far away or asleep answers sooner."""

_MANY_LINES = 1000
_LONG = 1 << 20
"""From how many bytes on others may run between a line and the next, and lines are put together in a thread."""


class ModelPast(msgspec.Struct, frozen=True):
    """What a model has seen of a thread, and how many times that was replaced by a summary before."""

    items: Sequence[dict[str, Any]] = ()
    window: int = 0


class ThreadRecorder(Protocol):
    """What a thread records itself with, stored or not."""

    @property
    def path(self) -> Path | None:
        """The rollout file, which may not exist yet; None for a thread that is not kept in one."""
        ...

    @property
    def is_ephemeral(self) -> bool:
        """Whether the thread leaves no trace: no store has it, and its history cannot be read."""
        ...

    @property
    def is_materialized(self) -> bool:
        """Whether the thread can be found again."""
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
    def history(self) -> RolloutHistory | None:
        """All that has been recorded; None for a thread that leaves no trace."""
        ...

    async def model_past(self) -> ModelPast:
        """Return what the next model request starts from, as recorded so far. Raises RolloutReadError."""
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
        """Change what the thread is: at once in its rollout if there is one, else when it is made."""
        ...

    async def materialize(self) -> None:
        """Have the rollout exist now rather than with the first lines. Raises RolloutWriteError."""
        ...

    async def aclose(self) -> None:
        """Give up writing; appending fails from now on."""
        ...


class RolloutRecorder:
    """Appends to one rollout. Made by `create` or `open`."""

    def __init__(
        self,
        history: RolloutHistory,
        writer: LineWriter,
        clock: Callable[[], int],
        before_first: Callable[[], Awaitable[str | None]] | None = None,
        *,
        encode: Callable[[StoredLine], bytes] = encode_line,
    ) -> None:
        self._encode_line = encode
        self._history = history
        self._writer = writer
        self._clock = clock
        self._before_first = before_first
        self._lock = trio.Lock()
        self._is_closed = False
        self._is_in_doubt = False
        self._meta_is_written = writer.exists

    @classmethod
    def create(
        cls,
        source: LineSource,
        meta: SessionMeta,
        *,
        clock: Callable[[], int] = now_ms,
        before_first: Callable[[], Awaitable[str | None]] | None = None,
    ) -> RolloutRecorder:
        """Return a recorder for a new thread; its rollout appears with the first lines. `clock` gives Unix ms.

        `before_first` is called before those are written, and gives the reason when they cannot be.
        """
        return cls(RolloutHistory.new(source, meta), source.writer(size=None), clock, before_first)

    @classmethod
    def open(cls, history: RolloutHistory, *, clock: Callable[[], int] = now_ms) -> RolloutRecorder:
        """Continue a rollout, all of which has been read, after the last good line.

        Turns that never ended were cut short with the process that ran them: they count as interrupted.
        """
        history.interrupted_before = history.facts.next_ordinal
        writer = history.source.writer(size=history.size, needs_newline=not history.ends_in_newline)
        return cls(history, writer, clock)

    @property
    def path(self) -> Path | None:
        """The rollout file, which may not exist yet; None for a thread that is not kept in one."""
        return self._history.source.path

    @property
    def is_ephemeral(self) -> bool:
        """Never: what was recorded can be read again."""
        return False

    @property
    def is_materialized(self) -> bool:
        """Whether there is anything of the rollout yet."""
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
    def history(self) -> RolloutHistory:
        """All that has been recorded."""
        return self._history

    async def model_past(self) -> ModelPast:
        """Return what the next model request starts from, as recorded so far. Raises RolloutReadError."""
        if not self._meta_is_written:
            await trio.lowlevel.checkpoint()
            return ModelPast()
        return await past_of(self._history)

    async def take_up_inputs(self) -> None:
        """Record inputs as said that were accepted by turns which were cut short before they took them up.

        Raises RolloutReadError, RolloutWriteError.
        """
        async with self._lock:
            if self._history.index.unprocessed():
                await self._append(await trio.to_thread.run_sync(self._history.unprocessed_inputs))

    async def append(self, payloads: Sequence[Payload]) -> None:
        """Record lines, in order, all or none. Raises RolloutWriteError."""
        async with self._lock:
            await self._append(payloads)

    async def update_meta(self, meta: SessionMeta) -> None:
        """Change what the thread is: at once in its rollout if there is one, else when it is made."""
        async with self._lock:
            if self._meta_is_written:
                await self._append([meta])
            else:
                self._history.index.start(meta)

    async def materialize(self) -> None:
        """Have the rollout exist now rather than with the first lines. Raises RolloutWriteError."""
        async with self._lock:
            if not self._meta_is_written:
                await self._append([])

    async def aclose(self) -> None:
        """Give up writing; appending fails from now on. Waits for an append that is under way."""
        with trio.CancelScope(shield=True):
            async with self._lock:
                self._is_closed = True
                self._writer.close()

    async def _append(self, payloads: Sequence[Payload]) -> None:
        if self._is_closed:
            raise self._failure("the thread is closed")
        if self._is_in_doubt:
            await self._look_what_was_written()
        lines = self._lines(payloads)
        if not lines:
            return
        if self._before_first is not None and not self._meta_is_written:
            reason = await self._before_first()
            if reason is not None:
                raise self._failure(reason)
        encoded = await self._encoded(lines)
        offset = await self._write(await _joined(encoded))
        self._meta_is_written = True
        for line, data in zip(lines, encoded, strict=True):
            self._history.append(line.payload, offset=offset, length=len(data), ordinal=line.ordinal)
            offset += len(data)

    async def _encoded(self, lines: Sequence[StoredLine]) -> list[bytes]:
        """Return the lines as they are written; very many are encoded in a thread, for the sake of everybody else."""

        def encode() -> list[bytes]:
            return [self._encode_line(line) for line in lines]

        if len(lines) >= _MANY_LINES:
            return await trio.to_thread.run_sync(encode)
        encoded: list[bytes] = []
        for line in lines:
            if encoded and len(encoded[-1]) >= _LONG:
                # A line holds Python as a whole, in whatever thread it is encoded.
                await trio.lowlevel.checkpoint()
            encoded.append(self._encode_line(line))
        return encoded

    async def _write(self, data: bytes) -> int:
        """Write, whoever is cancelled meanwhile, as long as the disk may take: then nobody waits for it any more."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + WRITE_SECONDS):
            return await self._writer.write(data)
        self._is_in_doubt = True
        raise self._failure(f"it could not be written within {WRITE_SECONDS:.0f} seconds")

    async def _look_what_was_written(self) -> None:
        """Take into account what became of a write that nobody waited for to its end."""
        if self._writer.is_writing:
            raise self._failure(f"an earlier write has been waiting for more than {WRITE_SECONDS:.0f} seconds")
        if self._writer.exists:
            try:
                await self._history.catch_up()
            except RolloutReadError as error:
                raise self._failure(f"what was written before cannot be read back: {error.reason}") from error
            self._meta_is_written = True
        self._is_in_doubt = False

    def _failure(self, reason: str) -> RolloutWriteError:
        return RolloutWriteError(self._history.source.label, 0, reason)

    def _lines(self, payloads: Sequence[Payload]) -> list[StoredLine]:
        meta = self.meta
        stored: list[Payload] = [] if self._meta_is_written else [meta]
        for payload in payloads:
            stored.append(payload)
            if isinstance(payload, ItemCompletedLine) and not meta.is_paginated:
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

    def __init__(self, meta: SessionMeta, *, inherited: RolloutHistory | None = None) -> None:
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
    def is_ephemeral(self) -> bool:
        """Always."""
        return True

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

    async def model_past(self) -> ModelPast:
        """Return what the first model request starts from: that of a fork's source. Raises RolloutReadError."""
        if self._inherited is None:
            await trio.lowlevel.checkpoint()
            return ModelPast()
        return await past_of(self._inherited)

    async def take_up_inputs(self) -> None:
        """Do nothing: what died with a process is gone."""
        await trio.lowlevel.checkpoint_if_cancelled()

    async def append(self, payloads: Sequence[Payload]) -> None:
        """Record lines, in order."""
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._is_closed:
            raise RolloutWriteError(self.meta.id, 0, "the thread is closed")
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


async def past_of(history: RolloutHistory) -> ModelPast:
    """Return what the next model request of a thread would start from. Raises RolloutReadError."""

    def read() -> ModelPast:
        past = history.model_past()
        return ModelPast(past.items(), past.window)

    return await trio.to_thread.run_sync(read, abandon_on_cancel=True)


async def _joined(encoded: Sequence[bytes]) -> bytes:
    """Return the lines as one."""
    if len(encoded) == 1 or sum(map(len, encoded)) < _LONG:
        return b"".join(encoded)
    # Much is joined without holding Python.
    return await trio.to_thread.run_sync(b"".join, encoded)


def _has_place(payload: Payload) -> bool:
    """Return whether a line counts among those that other servers know."""
    return not isinstance(payload, InputAccepted)

"""Reading a process's output to its end, where the end does not depend on children that hold the pipe.

Owns: when output counts as complete. Does not own: the process (`processes`), what is done with the output.
"""

import math
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Literal

import msgspec
import trio

from codex_trio.execution.groups import Output, RunningProcess

Channel = Literal["stdout", "stderr"]
OutputSink = Callable[[Channel, bytes], Awaitable[None]]
"""Given each read's bytes; while it waits, the process's pipe fills and the process waits too."""

DRAIN_SECONDS = 2.0

_MOST_IN_FLIGHT = 1024 * 1024
"""More than a pipe can hold of what a process wrote before its end."""


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """How a process ended."""

    exit_code: int
    """128+n after signal n."""
    drain_timed_out: bool
    """Whether something still held the output open when reading stopped."""


async def read_to_completion(
    process: RunningProcess,
    sink: OutputSink,
    *,
    drain_seconds: float = DRAIN_SECONDS,
    quiet_seconds: float | None = None,
) -> Completion:
    """Pass on all output until the process has ended and its output too.

    A background child may hold the output open after the process has ended: reading then stops after `drain_seconds`,
    or earlier, once nothing has come for `quiet_seconds`. Time spent in `sink` does not count: a slow client loses
    nothing. The caller may read on from the process's streams.
    """
    streams: list[tuple[Channel, Output]] = [("stdout", process.stdout)]
    if process.stderr is not None:
        streams.append(("stderr", process.stderr))
    progress = _Progress(streams)

    async def read(channel: Channel, stream: Output) -> None:
        while data := await stream.receive():
            with progress.passing_on(len(data)):
                await sink(channel, data)
        progress.stream_ended(stream)

    async with trio.open_nursery() as nursery:
        for channel, stream in streams:
            nursery.start_soon(read, channel, stream)
        exit_code = await process.wait()
        await progress.drained(drain_seconds, quiet_seconds)
        nursery.cancel_scope.cancel()
    return Completion(exit_code=exit_code, drain_timed_out=progress.has_open_streams)


class _Progress:
    """What the readers are doing, for the one who decides when to stop them."""

    def __init__(self, streams: Iterable[tuple[Channel, Output]]) -> None:
        self._open = [stream for _, stream in streams]
        self._passing_on = 0
        self._bytes = 0
        self._activity = trio.Event()

    @property
    def has_open_streams(self) -> bool:
        return bool(self._open)

    @contextmanager
    def passing_on(self, size: int) -> Generator[None]:
        self._bytes += size
        self._passing_on += 1
        self._activity.set()
        try:
            yield
        finally:
            self._passing_on -= 1
            self._activity.set()

    def stream_ended(self, stream: Output) -> None:
        self._open.remove(stream)
        self._activity.set()

    async def drained(self, limit: float, quiet: float | None) -> None:
        """Return at the end of all streams, after `limit` seconds of waiting, or after `quiet` ones without output."""
        waited = 0.0
        enough = self._bytes + _MOST_IN_FLIGHT
        while self._open:
            if self._passing_on:
                await self._activity_within(math.inf)
                continue
            patience = limit - waited if quiet is None else min(quiet, limit - waited)
            started = trio.current_time()
            if patience > 0 and await self._activity_within(patience):
                waited += trio.current_time() - started
                continue
            # Too late, but what the process wrote before its end must not be lost because this machine is busy.
            if self._bytes >= enough or not any(stream.has_data() for stream in self._open):
                return
            await self._activity_within(math.inf)

    async def _activity_within(self, seconds: float) -> bool:
        self._activity = trio.Event()
        with trio.move_on_after(seconds):
            await self._activity.wait()
        return self._activity.is_set()

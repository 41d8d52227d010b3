"""Reading a process's output to its end, where the end does not depend on children that hold the pipe.

Owns: when output counts as complete. Does not own: the process (`processes`), what is done with the output.
Called by: `sessions`, the command/exec and process processors, hooks.
"""

import math
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Literal

import msgspec
import trio

from codex_trio.execution.processes import ManagedProcess
from codex_trio.execution.streams import OutputStream

Channel = Literal["stdout", "stderr"]
OutputSink = Callable[[Channel, bytes], Awaitable[None]]
"""Given each read's bytes; while it waits, the process's pipe fills and the process waits too."""

DRAIN_SECONDS = 2.0


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """How a process ended."""

    exit_code: int
    """128+n after signal n."""
    drain_timed_out: bool
    """Whether something still held the output open when reading stopped."""


async def read_to_completion(
    process: ManagedProcess,
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
    streams: list[tuple[Channel, OutputStream]] = [("stdout", process.stdout)]
    if process.stderr is not None:
        streams.append(("stderr", process.stderr))
    progress = _Progress(len(streams))

    async def read(channel: Channel, stream: OutputStream) -> None:
        while data := await stream.receive():
            with progress.passing_on():
                await sink(channel, data)
        progress.stream_ended()

    async with trio.open_nursery() as nursery:
        for channel, stream in streams:
            nursery.start_soon(read, channel, stream)
        exit_code = await process.wait()
        await progress.drained(drain_seconds, quiet_seconds)
        nursery.cancel_scope.cancel()
    return Completion(exit_code=exit_code, drain_timed_out=progress.open_streams > 0)


class _Progress:
    """What the readers are doing, for the one who decides when to stop them."""

    def __init__(self, open_streams: int) -> None:
        self.open_streams = open_streams
        self._passing_on = 0
        self._activity = trio.Event()

    @contextmanager
    def passing_on(self) -> Generator[None]:
        self._passing_on += 1
        self._activity.set()
        try:
            yield
        finally:
            self._passing_on -= 1
            self._activity.set()

    def stream_ended(self) -> None:
        self.open_streams -= 1
        self._activity.set()

    async def drained(self, limit: float, quiet: float | None) -> None:
        """Return at the end of all streams, after `limit` seconds of waiting, or after `quiet` ones without output."""
        waited = 0.0
        while self.open_streams and waited < limit:
            if self._passing_on:
                await self._next_activity(None)
                continue
            started = trio.current_time()
            patience = limit - waited if quiet is None else min(quiet, limit - waited)
            if not await self._next_activity(patience):
                return
            waited += trio.current_time() - started

    async def _next_activity(self, patience: float | None) -> bool:
        self._activity = trio.Event()
        with trio.move_on_after(math.inf if patience is None else patience):
            await self._activity.wait()
        return self._activity.is_set()

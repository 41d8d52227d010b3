"""One process that a client has started for itself: its output is passed on, or kept up to a limit.

Owns: limits of time and output, the order of input, and what is told at the end. Does not own: the sandbox around it
(`environments`), the ids and words of clients (the processors). It is a resource of the client's connection; see
`codex_trio.rpc.resources`.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import msgspec
import trio

from codex_trio.execution.completion import Channel, read_to_completion
from codex_trio.execution.errors import StdinClosed, StdinNotOpen
from codex_trio.execution.launch import SpawnRequest, TerminalSize
from codex_trio.execution.processes import ManagedProcess

USUAL_SECONDS = 10.0
USUAL_CAP_BYTES = 1024 * 1024
MOST_KEPT_BYTES = 128 * 1024 * 1024
"""What is kept of a stream that is not passed on, whatever its cap."""

_TIMED_OUT = 124
_DIED_AT_TERMINAL = 1
_PIECE_BYTES = 256 * 1024


class ClientRun(msgspec.Struct, frozen=True, kw_only=True):
    """What is to run, and within which limits; None is no limit."""

    request: SpawnRequest
    streams_output: bool
    """Whether output is passed on at once; otherwise it is kept for the end."""
    cap_bytes: int | None
    """Of each of the two streams, what is passed on or kept: the rest is read and forgotten."""
    seconds: float | None


class OutputDelta(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of output. After one that reaches the cap no more of that stream comes."""

    channel: Channel
    data: bytes
    cap_reached: bool


class KeptOutput(msgspec.Struct, frozen=True, kw_only=True):
    """What was kept of a stream, in pieces: nothing when it was passed on."""

    pieces: list[bytes | bytearray]
    cap_reached: bool
    has_overflown: bool
    """Whether something is missing that is within the cap, because there was too much of it to be kept."""


class ClientProcessEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended. 124 says that it took too long; 128+n is signal n, and at a terminal 1."""

    exit_code: int
    drain_timed_out: bool
    """Whether something still held the output open when reading stopped."""
    stdout: KeptOutput
    stderr: KeptOutput

    @property
    def has_overflown(self) -> bool:
        """Whether that holds for one of them."""
        return self.stdout.has_overflown or self.stderr.has_overflown


class ClientProcess:
    """One such process: `run` it once; meanwhile it can be written to, resized and ended. How it ended stays in `end`.

    Args:
        run: what is to run.
        start: starts it; what is left of it is killed at the end of the block.
        on_delta: takes a piece of output; while it waits, the process waits too in its next write.
        may_tell: is waited for before the first piece of output.
    """

    def __init__(
        self,
        run: ClientRun,
        *,
        start: Callable[[SpawnRequest], AbstractAsyncContextManager[ManagedProcess]],
        on_delta: Callable[[OutputDelta], Awaitable[object]],
        may_tell: Callable[[], Awaitable[object]] = trio.lowlevel.checkpoint,
    ) -> None:
        self.end: ClientProcessEnd | None = None
        """None while it runs, and for ever when its client went first."""
        self._run = run
        self._start = start
        self._on_delta = on_delta
        self._may_tell = may_tell
        self._process: ManagedProcess | None = None
        most = None if run.streams_output else MOST_KEPT_BYTES
        self._output: dict[Channel, CappedOutput] = {
            name: CappedOutput(run.cap_bytes, most) for name in ("stdout", "stderr")
        }
        self._terminated = trio.Event()
        self._timed_out = False
        self._takes_input = run.request.open_stdin or run.request.tty
        self._input_ends = False
        self._input = trio.Lock()

    @property
    def is_running(self) -> bool:
        """Whether it has been started and its end is not known yet."""
        return self._process is not None and self.end is None

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Run it to its end; what it left running in its process group ends with it. Raises `SpawnError` at once."""
        async with self._start(self._run.request) as process:
            self._process = process
            task_status.started()
            await self._may_tell()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(process.keep_absent)
                nursery.start_soon(self._end_when_due, process)
                done = await read_to_completion(process, self._take)
                nursery.cancel_scope.cancel()
            process.kill_left_group()
        self.end = ClientProcessEnd(
            exit_code=self._told_exit_code(process, done.exit_code),
            drain_timed_out=done.drain_timed_out,
            stdout=self._output["stdout"].kept(),
            stderr=self._output["stderr"].kept(),
        )

    async def aclose(self) -> None:
        """Do nothing more: `run` leaves nothing behind, however it ends."""
        await trio.lowlevel.checkpoint()

    async def write(self, data: bytes, *, close: bool) -> None:
        """Send input, then end it if `close` says so; returns when the process has room for all of it.

        Several writers take turns in the order of their calls. Raises `StdinNotOpen`, `StdinClosed`.
        """
        assert self._process is not None
        if not self._takes_input:
            raise StdinNotOpen
        if self._input_ends and data:
            raise StdinClosed
        self._input_ends = self._input_ends or close
        async with self._input:
            if data:
                await self._process.write(data)
            if close:
                await self._process.close_stdin()

    def resize(self, size: TerminalSize) -> None:
        """Give its terminal another size. Raises `NotATerminal`."""
        assert self._process is not None
        self._process.resize(size)

    def terminate(self) -> None:
        """Have it killed with all that it has started. Its end still comes as usual."""
        self._terminated.set()

    def on_overflow(self) -> None:
        """Do nothing when there is more output than can be kept: the rest is read and forgotten."""

    async def _end_when_due(self, process: ManagedProcess) -> None:
        with trio.move_on_after(math.inf if self._run.seconds is None else self._run.seconds):
            await self._terminated.wait()
        if not self._terminated.is_set():
            if process.exit_code is not None:
                return
            self._timed_out = True
        await process.kill()

    async def _take(self, channel: Channel, data: bytes) -> None:
        output = self._output[channel]
        piece = output.admit(data)
        if output.has_overflown:
            self.on_overflow()
        if piece is None:
            return
        if self._run.streams_output:
            await self._on_delta(OutputDelta(channel=channel, data=piece, cap_reached=output.cap_reached))
        else:
            output.keep(piece)

    def _told_exit_code(self, process: ManagedProcess, exit_code: int) -> int:
        if self._timed_out:
            return _TIMED_OUT
        return _DIED_AT_TERMINAL if self._run.request.tty and process.died_of_signal else exit_code


class CappedOutput:
    """One stream, its cap, and what may be kept of it besides."""

    def __init__(self, cap: int | None, most: int | None) -> None:
        limits = [limit for limit in (cap, most) if limit is not None]
        self._left = min(limits, default=None)
        self._is_capped = cap is not None and cap == self._left
        self._kept: list[bytes | bytearray] = []
        self.cap_reached = False
        self.has_overflown = False

    def admit(self, data: bytes) -> bytes | None:
        """Return what of it is within the limits; None once they were reached."""
        if self._left is None:
            return data
        self.has_overflown = self.has_overflown or (not self._is_capped and len(data) > self._left)
        if self.cap_reached:
            return None
        piece = data[: self._left]
        self._left -= len(piece)
        self.cap_reached = self._left == 0
        return piece

    def keep(self, piece: bytes) -> None:
        if not self._kept or len(self._kept[-1]) >= _PIECE_BYTES:
            self._kept.append(bytearray())
        self._kept[-1] += piece

    def kept(self) -> KeptOutput:
        kept, self._kept = self._kept, []
        return KeptOutput(pieces=kept, cap_reached=self.cap_reached, has_overflown=self.has_overflown)

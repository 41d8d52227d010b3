"""One process that an exec-server runs for its client.

Owns the order of input and output, and that input or a signal which is sent twice is done once. Does not own what is
kept of the output (output_log.py), the sandbox around it (launching.py) or whom it is told to (session.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal, TypeAlias

import trio

from codex_trio.environments.exec_protocol import ProcessClosed, ProcessExited, ProcessOutput, StreamName
from codex_trio.exec_server.output_log import OutputLog
from codex_trio.execution.completion import Channel, read_to_completion
from codex_trio.execution.errors import StdinClosed
from codex_trio.execution.processes import ManagedProcess
from codex_trio.util.bell import Bell

Event: TypeAlias = ProcessOutput | ProcessExited | ProcessClosed
Tell: TypeAlias = Callable[[str, Event], Awaitable[None]]

_DRAIN_SECONDS = 2.0
_QUIET_SECONDS = 0.1
_LINGER_SECONDS = 0.05
_REMEMBERED_WRITES = 1024
_WAITING_WRITES = 64


class _Write:
    """Input that was sent, and what became of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.is_over = trio.Event()
        self.status: Literal["accepted", "stdinClosed"] = "stdinClosed"


class ServedProcess:
    def __init__(
        self, process_id: str, process: ManagedProcess, *, has_input: bool, is_terminal: bool, log: OutputLog
    ) -> None:
        self.id = process_id
        self.log = log
        self.ended = trio.Event()
        """Set when its end has been told, or there is nobody to tell."""
        self._process = process
        self._has_input = has_input
        self._is_terminal = is_terminal
        self._writes: dict[str, _Write] = {}
        self._waiting: deque[_Write] = deque()
        self._signals: deque[str] = deque(maxlen=_REMEMBERED_WRITES)
        self._news = Bell()

    @property
    def is_running(self) -> bool:
        """Whether its end has not been seen."""
        return self.log.exit_code is None

    async def run(self, tell: Tell) -> None:
        """Pass on what it says until it has ended and its output too; what it left running may go on until killed."""
        async with self._process, trio.open_nursery() as nursery:
            nursery.start_soon(self._process.keep_absent)
            nursery.start_soon(self._write_all)
            done = await read_to_completion(
                self._process,
                lambda channel, data: self._pass_on(channel, data, tell),
                drain_seconds=_DRAIN_SECONDS,
                quiet_seconds=_QUIET_SECONDS,
            )
            seq = self.log.end(done.exit_code)
            await tell("process/exited", ProcessExited(process_id=self.id, seq=seq, exit_code=done.exit_code))
            seq = self.log.close()
            await tell("process/closed", ProcessClosed(process_id=self.id, seq=seq))
            self.ended.set()
            if done.drain_timed_out:
                await self._linger()
            nursery.cancel_scope.cancel()

    async def _pass_on(self, channel: Channel, data: bytes, tell: Tell) -> None:
        stream: StreamName = "pty" if self._is_terminal else channel
        piece = await self.log.append(stream, data)
        chunk = piece.to_chunk()
        await tell("process/output", ProcessOutput(process_id=self.id, seq=piece.seq, stream=stream, chunk=chunk.chunk))

    async def _linger(self) -> None:
        """Keep a background child from blocking on a full pipe, or dying of a closed one."""
        while True:
            if not await self._process.stdout.receive():
                return
            await trio.sleep(_LINGER_SECONDS)

    async def write(self, data: bytes, write_id: str) -> Literal["accepted", "stdinClosed"]:
        """Send input, once for each id, however often it is asked for; returns when the process has room for it.

        What was asked for is done, though the connection that asked for it is cut meanwhile: when it is asked for
        again, nobody could say how much of it was done.
        """
        write = self._writes.get(write_id)
        while write is None:
            if not self._has_input or self.log.exit_code is not None:
                return "stdinClosed"
            if len(self._waiting) >= _WAITING_WRITES:
                await self._news.wait()
                write = self._writes.get(write_id)
                continue
            write = self._writes[write_id] = _Write(data)
            self._waiting.append(write)
            self._news.ring()
        await write.is_over.wait()
        return write.status

    async def _write_all(self) -> None:
        """Write what is sent, in its order, until there is no input any more."""
        try:
            while True:
                while not self._waiting:
                    await self._news.wait()
                write = self._waiting[0]
                with suppress(StdinClosed):
                    await self._process.write(write.data)
                    write.status = "accepted"
                self._over(self._waiting.popleft())
        finally:
            self._has_input = False
            while self._waiting:
                self._over(self._waiting.popleft())

    def _over(self, write: _Write) -> None:
        write.data = b""
        write.is_over.set()
        self._news.ring()
        if len(self._writes) > _REMEMBERED_WRITES:
            del self._writes[next(iter(self._writes))]

    async def interrupt(self, signal_id: str | None) -> None:
        """Send SIGINT to the command, as a terminal does, once for each id, however often it is asked for."""
        if signal_id is None or signal_id not in self._signals:
            if signal_id is not None:
                self._signals.append(signal_id)
            await self._process.interrupt()

    async def kill(self) -> None:
        """End it with all that it has started."""
        await self._process.kill()

"""The commands of one thread that may outlive the call that started them.

Owns: the sessions with their ids and number, the reading of their output in the background.
Does not own: one process (`processes`), the words given to the model (the exec tools), approval and sandboxing.
"""

import errno
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio

from codex_trio.config.command_writes import CommandWrites
from codex_trio.execution.completion import Channel, read_to_completion
from codex_trio.execution.errors import SpawnError, StdinClosed, StdinNotTaken, UnknownSession
from codex_trio.execution.groups import LocalGroup, ProcessGroup, RunningProcess
from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.output import HeadTailBuffer, Utf8Chunker
from codex_trio.execution.spawner import ProcessSpawner
from codex_trio.execution.write_notes import note_begin, note_end
from codex_trio.execution.yielding import Collected, OnOutput
from codex_trio.util.stoppable_clock import StoppableClock

MAX_SESSIONS = 64

_FIRST_ID, _LAST_ID = 1_000, 99_999
_RECENT = 8
"""That many sessions, the last used ones, are never pruned."""
_QUIET_SECONDS = 0.1
_DRAIN_SECONDS = 2.0
_LINGER_PAUSE = 0.05
_WRITE_SECONDS = 10.0
_CLOSE_SECONDS = 8.0
_KILLED = 137
_INTERRUPT = "\x03"
_CLOSED = "its thread was closed"
_MADE_ROOM = "there were too many running commands"


class ExecSession:
    """One command. `finished` is set when it has ended and its output has been passed on."""

    def __init__(
        self,
        session_id: int,
        process: RunningProcess,
        request: SpawnRequest,
        on_output: OnOutput | None,
        group: str | None,
    ) -> None:
        self.id = session_id
        self.group = group
        self.process = process
        self.request = request
        self.started_at = trio.current_time()
        self.ended_at: float | None = None
        """On trio's clock, like `started_at`."""
        self.last_used = self.started_at
        self.exit_code: int | None = None
        self.killed_because: str | None = None
        """Why the server ended it; None while it has not."""
        self.transcript = HeadTailBuffer()
        """All output so far, until `forget_transcript`."""
        self.finished = trio.Event()
        self._unread = HeadTailBuffer()
        self._ends_line = True
        self._on_output = on_output
        self._passing_on: set[trio.CancelScope] = set()
        self._chunker = Utf8Chunker()

    @property
    def os_pid(self) -> int:
        """What the system calls its process."""
        return self.process.pid

    async def wait(self) -> int:
        """Wait for the end, in this turn or a later one; returns the exit code (128+n after signal n)."""
        await self.finished.wait()
        assert self.exit_code is not None
        return self.exit_code

    def take_unread(self) -> str:
        """Return the output since the last call."""
        unread, self._unread = self._unread, HeadTailBuffer()
        return unread.text()

    def forget_transcript(self) -> None:
        """Give back the memory of what everybody has seen but for the one who collects."""
        self.transcript = HeadTailBuffer()

    def doom(self, because: str) -> None:
        """Note that it is being killed, unless it has ended.

        Its output is passed on no more, nor is anybody waited for who is given some.
        """
        if not self.finished.is_set() and self.killed_because is None:
            self.killed_because = because
        self._on_output = None
        for scope in self._passing_on:
            scope.cancel()

    async def run(self) -> None:
        """Read the output to the end of the session."""
        completion = await read_to_completion(
            self.process, self._receive, drain_seconds=_DRAIN_SECONDS, quiet_seconds=_QUIET_SECONDS
        )
        await self._pass_on(self._chunker.finish())
        if self.process.ended_because is not None:
            await self.say(f"[killed: {self.process.ended_because}]")
        self.end(completion.exit_code)
        if completion.drain_timed_out:
            await self._linger()

    def end(self, exit_code: int) -> None:
        """Note the end. Only the first call counts."""
        if not self.finished.is_set():
            if self.killed_because is not None:
                self._say(f"[killed: {self.killed_because}]")
            self.exit_code = exit_code
            self.ended_at = trio.current_time()
            self.finished.set()

    async def say(self, line: str) -> None:
        """Add a line of ours to the output, unless the command has ended."""
        if not self.finished.is_set():
            await self._pass_on([self._own_line(line)])

    def _own_line(self, line: str) -> bytes:
        gap = "" if self._ends_line else "\n"
        return f"{gap}{line}\n".encode()

    def _say(self, line: str) -> None:
        piece = self._own_line(line)
        self.transcript.append(piece)
        self._unread.append(piece)

    async def _receive(self, _channel: Channel, data: bytes) -> None:
        await self._pass_on(self._chunker.feed(data))

    async def _pass_on(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self.transcript.append(piece)
            self._unread.append(piece)
            self._ends_line = piece.endswith(b"\n")
            if self._on_output is not None:
                with trio.CancelScope() as scope:
                    self._passing_on.add(scope)
                    try:
                        await self._on_output(piece.decode())
                    finally:
                        self._passing_on.discard(scope)

    async def _linger(self) -> None:
        """Keep a background child from blocking on a full pipe, or dying of a closed one."""
        while True:
            if not await self.process.stdout.receive():
                return
            await trio.sleep(_LINGER_PAUSE)  # It may write without end, and nobody wants to know.


class ExecSessions:
    """The store. Made by `open_exec_sessions`."""

    def __init__(
        self, processes: ProcessGroup, nursery: trio.Nursery, writes: CommandWrites | None, clock: StoppableClock
    ) -> None:
        self._processes = processes
        self._writes = writes
        self._clock = clock
        self._nursery = nursery
        self._groups: dict[str, ProcessGroup] = {}
        self._is_closed = False
        self._sessions: dict[int, ExecSession] = {}
        self._readers: dict[ExecSession, trio.CancelScope] = {}

    async def open(
        self, request: SpawnRequest, *, group: str | None = None, on_output: OnOutput | None = None
    ) -> ExecSession:
        """Start a command. When there are too many, the oldest is killed first. `group` is for `kill_group`.

        Raises `SpawnError`.
        """
        await self._make_room()
        if self._is_closed:
            raise SpawnError(errno.ECANCELED)
        processes = self._processes
        if group is not None:
            processes = self._groups.get(group) or self._processes.inner()
            self._groups[group] = processes
        await note_begin(self._writes, request)
        try:
            if self._is_closed:
                raise SpawnError(errno.ECANCELED)
            process = await processes.start(request)
        except BaseException:
            await note_end(self._writes, request)
            raise
        session = ExecSession(self._new_id(), process, request, on_output, group)
        self._sessions[session.id] = session
        self._nursery.start_soon(self._read, session)
        return session

    async def collect(self, session: ExecSession, *, yield_ms: int) -> Collected:
        """Wait until `session` has ended, at most `yield_ms`, and take what is new. An ended one is then forgotten.

        While the store's clock stands, the wait goes on.
        """
        started = session.last_used = trio.current_time()
        await self._clock.wait(session.finished, yield_ms / 1000)
        has_ended = session.finished.is_set()
        if has_ended:
            self._sessions.pop(session.id, None)
        return Collected(
            output=session.take_unread(),
            exit_code=session.exit_code,
            session_id=None if has_ended else session.id,
            wall_seconds=trio.current_time() - started,
        )

    async def write(self, session_id: int, chars: str) -> ExecSession:
        """Send input to a session; an empty text, or one for a command that has just ended, is sent nowhere.

        A command without a terminal can be sent Ctrl-C and nothing else: it is interrupted.

        Raises `UnknownSession`, `StdinClosed` when the command takes no input, and `StdinNotTaken`.
        """
        session = self.get(session_id)
        if chars and not session.finished.is_set():
            if chars == _INTERRUPT and not session.request.tty:
                await session.process.interrupt()
                return session
            try:
                with trio.fail_after(_WRITE_SECONDS):
                    await session.process.write(chars.encode(errors="surrogateescape"))
            except trio.TooSlowError:
                raise StdinNotTaken from None
            except StdinClosed:
                if not session.request.tty:
                    raise
        return session

    def has(self, session_id: int) -> bool:
        """Return whether `get` would find it."""
        return session_id in self._sessions

    def get(self, session_id: int) -> ExecSession:
        """Raise `UnknownSession`."""
        session = self._sessions.get(session_id)
        if session is None:
            raise UnknownSession(session_id)
        return session

    def running(self) -> list[ExecSession]:
        """Return the sessions that have not ended, oldest first."""
        return [session for session in self._sessions.values() if not session.finished.is_set()]

    async def kill(self, session: ExecSession, *, because: str) -> None:
        """Kill a session's whole tree, background children too, and wait for its end. It can still be collected."""
        session.doom(because)
        await session.process.kill()
        await session.finished.wait()

    async def kill_group(self, group: str, *, because: str) -> None:
        """Kill all sessions that were opened for `group` at once, and what ended ones have left running."""
        processes = self._groups.get(group)
        if processes is not None:
            await self._kill_processes(
                processes, [session for session in self._readers if session.group == group], because
            )

    def forget_group(self, group: str) -> None:
        """Let the sessions of `group` be like all others."""
        self._groups.pop(group, None)

    async def kill_all(self, *, because: str) -> None:
        """Kill every session, and what ended ones have left running, and forget them all."""
        self._sessions.clear()
        await self._kill_processes(self._processes, list(self._readers), because)

    async def _kill_processes(self, processes: ProcessGroup, sessions: list[ExecSession], because: str) -> None:
        for session in sessions:
            session.doom(because)
        await processes.kill_all()
        for session in sessions:
            await session.finished.wait()

    async def aclose(self) -> None:
        """Leave nothing behind: no process, no reader."""
        self._is_closed = True
        with trio.CancelScope(shield=True):
            with trio.move_on_after(_CLOSE_SECONDS):
                await self.kill_all(because=_CLOSED)
            for scope in self._readers.values():
                scope.cancel()

    async def _read(self, session: ExecSession) -> None:
        # Shielded: when the store's owner is cancelled, `aclose` ends all sessions by one search for their processes.
        with trio.CancelScope(shield=True) as scope:
            self._readers[session] = scope
            try:
                async with session.process, trio.open_nursery() as nursery:
                    nursery.start_soon(session.process.keep_absent)
                    await session.run()
                    nursery.cancel_scope.cancel()
            finally:
                session.end(_KILLED if session.process.exit_code is None else session.process.exit_code)
                await note_end(self._writes, session.request)
                del self._readers[session]

    async def _make_room(self) -> None:
        while len(self._sessions) >= MAX_SESSIONS:
            by_age = sorted(self._sessions.values(), key=lambda session: session.last_used)[:-_RECENT]
            victim = next((session for session in by_age if session.finished.is_set()), by_age[0])
            del self._sessions[victim.id]
            await self.kill(victim, because=_MADE_ROOM)

    def _new_id(self) -> int:
        while True:
            session_id = random.randint(_FIRST_ID, _LAST_ID)
            if session_id not in self._sessions:
                return session_id


@asynccontextmanager
async def open_exec_sessions(
    spawner: ProcessSpawner, *, writes: CommandWrites | None = None, clock: StoppableClock | None = None
) -> AsyncGenerator[ExecSessions]:
    """Provide a store of sessions; when it closes, no process of theirs is left.

    `writes` is told when they can write. While `clock` stands, calls do not give up waiting for their commands.
    """
    async with trio.open_nursery() as nursery:
        sessions = ExecSessions(LocalGroup(spawner), nursery, writes, clock or StoppableClock())
        try:
            yield sessions
        finally:
            await sessions.aclose()

"""Processes of an exec-server, as whoever runs commands sees processes.

Owns the order of their output, whatever was lost on the way: what is missing is read again. Does not own the
connection.
"""

from __future__ import annotations

import base64
import errno
import itertools
from collections import deque
from types import TracebackType
from typing import Protocol, Self
from uuid import uuid4

import msgspec
import trio

from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.environments import exec_protocol as wire
from codex_trio.environments.errors import EnvironmentUnreachable
from codex_trio.environments.exec_protocol import ACK_BYTES
from codex_trio.environments.remote.connection import ExecConnection, ServerRefused
from codex_trio.environments.remote.hosts import RemoteHosts
from codex_trio.execution.errors import SpawnError, StdinClosed
from codex_trio.execution.launch import SpawnRequest
from codex_trio.util import decoding
from codex_trio.util.base64_text import decode_base64
from codex_trio.util.bell import Bell

MOST_WAITING_BYTES = 8 * 1024 * 1024
"""What a process may have said that nobody has taken, before all that comes from its machine waits for that."""

MOST_ERROR_BYTES = 64 * 1024

LOST_EXIT_CODE = 255
"""How a process ended of which that is not known."""

_KILL_SECONDS = 5.0
_NOT_THERE = -1

_OUTPUT = decoding.json_decoder(wire.ProcessOutput)
_EXITED = decoding.json_decoder(wire.ProcessExited)
_DECISION = decoding.json_decoder(wire.NetworkDecision)
_CLOSED = decoding.json_decoder(wire.ProcessClosed)


class RemoteRequest(SpawnRequest, frozen=True, kw_only=True):
    """What an exec-server is to start: `env` comes on top of those of its own variables that `variables` lets pass."""

    variables: ShellEnvironmentPolicy
    sandbox: wire.SandboxContext | None
    hosts: RemoteHosts | None = None
    """What limits those that it may reach; None leaves that to `sandbox`."""


class RemoteOutput:
    """All output of a process, in order."""

    def __init__(self, process: RemoteProcess) -> None:
        self._process = process

    async def receive(self) -> bytes:
        """Return the next bytes; empty at the end."""
        return await self._process.next_output()

    def has_data(self) -> bool:
        """Return whether `receive` would return at once."""
        return self._process.has_output


class RemoteErrors:
    """What a process says on its standard error, apart from the rest: of much only the end is kept."""

    def __init__(self, process: RemoteProcess) -> None:
        self._process = process
        self.waiting = bytearray()

    async def receive(self) -> bytes:
        """Return the next bytes; empty at the end."""
        return await self._process.next_errors(self.waiting)

    def has_data(self) -> bool:
        """Return whether `receive` would return at once."""
        return bool(self.waiting)


class RemoteProcess:
    """One of them. `pid` is not known here."""

    pid = _NOT_THERE
    ended_because = None

    def __init__(self, process_id: str, connection: ExecConnection, request: RemoteRequest) -> None:
        self.id = process_id
        self._hosts = request.hosts
        self.stdout = RemoteOutput(self)
        self.stderr = None if request.merge_output or request.tty else RemoteErrors(self)
        self._connection = connection
        self._has_input = request.tty or request.open_stdin
        self._writes = itertools.count(1)
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._waiting_bytes = 0
        self._seen = 0
        self._taken = 0
        self._unacknowledged = 0
        self._exit_code: int | None = None
        self._is_closed = False
        self._reading = False
        self._has_missed = False
        self._is_given_up = False
        self._ends_line = True
        self._change = Bell()
        self._room = Bell()

    @property
    def exit_code(self) -> int | None:
        """128+n after signal n; None while it runs, as far as that is known."""
        return self._exit_code

    @property
    def is_closed(self) -> bool:
        """Whether nothing more comes of it."""
        return self._is_closed

    @property
    def has_output(self) -> bool:
        """Whether there is output that nobody has taken."""
        return bool(self._waiting)

    # --- what the server tells ---

    async def take(self, method: str, params: msgspec.Raw) -> bool:
        """Take an event; returns False where one before it is missing."""
        match method:
            case wire.NETWORK_DECISION:
                self._hear(_DECISION.decode(params))
            case "process/output":
                output = _OUTPUT.decode(params)
                if not self._is_next(output.seq):
                    return output.seq <= self._seen
                await self._put(output.seq, output.stream, decode_base64(output.chunk))
            case "process/exited":
                exited = _EXITED.decode(params)
                if not self._is_next(exited.seq):
                    return exited.seq <= self._seen
                self._seen = exited.seq
                self._exit_code = exited.exit_code
            case _:
                closed = _CLOSED.decode(params)
                if not self._is_next(closed.seq):
                    return closed.seq <= self._seen
                self._seen = closed.seq
                self._is_closed = True
        self._change.ring()
        return True

    def _hear(self, decision: wire.NetworkDecision) -> None:
        """Say in the output which host was refused: there the model and the client find it."""
        news = None if self._hosts is None else self._hosts.news(decision)
        if news is not None:
            self._say(news)

    def _say(self, line: str) -> None:
        said = f"{'' if self._ends_line else chr(10)}{line}\n".encode()
        self._ends_line = True
        self._waiting.append((self._seen, said))
        self._waiting_bytes += len(said)

    def _is_next(self, seq: int) -> bool:
        self._has_missed = self._has_missed or self._reading
        return seq == self._seen + 1 and not self._reading

    async def _put(self, seq: int, stream: wire.StreamName, data: bytes) -> None:
        if self.stderr is not None and stream == "stderr":
            self.stderr.waiting += data
            del self.stderr.waiting[:-MOST_ERROR_BYTES]
            self._seen = seq
            self._change.ring()
            self._take(seq if not self._waiting else self._taken, data)
            return
        while self._waiting_bytes > MOST_WAITING_BYTES:
            await self._room.wait()
        self._seen = seq
        self._waiting.append((seq, data))
        self._waiting_bytes += len(data)
        self._ends_line = data.endswith(b"\n")
        self._change.ring()

    async def catch_up(self) -> None:
        """Read what was missed; events are no news meanwhile. Raises EnvironmentUnreachable."""
        # What was told of that before may have been lost on the way.
        self._acknowledge()
        if self._reading or self._is_closed:
            return
        self._reading = True
        try:
            while not self._is_closed:
                self._has_missed = False
                params = wire.ProcessReadParams(process_id=self.id, after_seq=self._seen, wait_ms=0)
                try:
                    found = await self._connection.request("process/read", params, wire.ProcessReadResult)
                except ServerRefused as error:
                    self.lost(error.message)
                    return
                for chunk in found.chunks:
                    if chunk.seq > self._seen:
                        await self._put(chunk.seq, chunk.stream, decode_base64(chunk.chunk))
                if found.exited and self._exit_code is None:
                    self._exit_code = LOST_EXIT_CODE if found.exit_code is None else found.exit_code
                self._is_closed = found.closed
                self._change.ring()
                self._seen = max(self._seen, found.next_seq - 1)
                if not found.chunks and not self._has_missed:
                    return
        finally:
            self._reading = False

    def lost(self, problem: str) -> None:
        """Note that nothing more will be known of it."""
        if not self._is_closed:
            self._say(f"[{problem}]")
            self._exit_code = LOST_EXIT_CODE if self._exit_code is None else self._exit_code
            self._is_closed = True
            self._change.ring()
            self._room.ring()

    # --- what its owner does ---

    async def next_output(self) -> bytes:
        """Return the next output; empty at the end."""
        while not self._waiting:
            if self._is_closed:
                await trio.lowlevel.checkpoint()
                return b""
            await self._change.wait()
        await trio.lowlevel.checkpoint()
        seq, data = self._waiting.popleft()
        self._waiting_bytes -= len(data)
        self._room.ring()
        self._take(seq, data)
        return data

    async def next_errors(self, waiting: bytearray) -> bytes:
        """Return what was said on the standard error, once there is any; empty at the end."""
        while not waiting and not self._is_closed:
            await self._change.wait()
        await trio.lowlevel.checkpoint()
        data = bytes(waiting)
        waiting.clear()
        return data

    def _take(self, seq: int, data: bytes) -> None:
        self._taken = seq
        self._unacknowledged += len(data)
        if self._unacknowledged >= ACK_BYTES:
            self._acknowledge()

    def _acknowledge(self) -> None:
        """Tell the server what was taken, where it wants to know: it makes room for as much."""
        facts = self._connection.facts
        if facts is not None and facts.capabilities.output_acknowledgement:
            self._unacknowledged = 0
            self._connection.note("process/ack", wire.ProcessAckParams(process_id=self.id, seq=self._taken))

    async def wait(self) -> int:
        """Wait for the process itself to end."""
        while self._exit_code is None:
            await self._change.wait()
        return self._exit_code

    async def keep_absent(self) -> None:
        """Leave that to the exec-server."""
        await trio.lowlevel.checkpoint()

    async def write(self, data: bytes) -> None:
        """Send input. Raises `StdinClosed`."""
        if not self._has_input:
            raise StdinClosed
        chunk = base64.b64encode(data).decode("ascii")
        # The id tells the server that a request which comes again is the same one.
        write_id = f"{self.id}-{next(self._writes)}"
        params = wire.ProcessWriteParams(process_id=self.id, chunk=chunk, write_id=write_id)
        try:
            result = await self._connection.request("process/write", params, wire.ProcessWriteResult)
        except (ServerRefused, EnvironmentUnreachable) as error:
            raise StdinClosed from error
        if result.status != "accepted":
            raise StdinClosed

    async def interrupt(self) -> None:
        """Send SIGINT, as a terminal does."""
        params = wire.ProcessSignalParams(process_id=self.id, signal="interrupt", signal_id=str(uuid4()))
        try:
            await self._connection.request("process/signal", params, wire.Nothing)
        except (ServerRefused, EnvironmentUnreachable):
            # It has ended, or the server knows no signals.
            return

    async def kill(self) -> None:
        """Kill it with all that it has started; returns when its end is known, or cannot be: then it is killed once
        somebody gets through again.
        """
        if self._is_given_up:
            await trio.lowlevel.checkpoint()
            return
        params = wire.ProcessParams(process_id=self.id)
        is_answered = False
        try:
            with trio.move_on_after(_KILL_SECONDS):
                try:
                    await self._connection.request("process/terminate", params, wire.TerminateResult)
                except ServerRefused:
                    pass
                except EnvironmentUnreachable as error:
                    self.lost(str(error))
                is_answered = True
                await self.wait()
                return
        finally:
            if not is_answered:
                self._is_given_up = True
                self._connection.insist("process/terminate", params)
            if self._exit_code is None:
                self.lost("the exec-server did not say that the process has ended")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None and self._exit_code is None:
            with trio.CancelScope(shield=True):
                await self.kill()


class RemoteGroup:
    """Processes of an exec-server that belong together."""

    def __init__(self, host: RemoteProcesses) -> None:
        self._host = host
        self._started: list[RemoteProcess] = []
        self._inner: list[RemoteGroup] = []

    def inner(self) -> RemoteGroup:
        """Return a group whose processes also belong to this one."""
        self._inner.append(RemoteGroup(self._host))
        return self._inner[-1]

    async def start(self, request: SpawnRequest) -> RemoteProcess:
        """Start a process. Raises `SpawnError`."""
        assert isinstance(request, RemoteRequest)
        return await self._host.start(request, self._started)

    async def kill_all(self) -> None:
        """Kill every process of the group, with all that those have left behind."""
        started = self.all()
        async with trio.open_nursery() as nursery:
            for process in started:
                nursery.start_soon(process.kill)

    def all(self) -> list[RemoteProcess]:
        """Return all that were started."""
        inner = (process for group in self._inner for process in group.all())
        return [*self._started, *inner]


class SessionTold(Protocol):
    """Is told that a session began, or is lost."""

    def __call__(self, *, is_connected: bool) -> None: ...


class RemoteProcesses:
    """All processes of one connection: gives each of them what is told of it."""

    def __init__(self, nursery: trio.Nursery, *, told: SessionTold) -> None:
        self._nursery = nursery
        self._told = told
        self._known: dict[str, RemoteProcess] = {}
        self._connection: ExecConnection | None = None

    def use(self, connection: ExecConnection) -> None:
        """Take the connection that they are started over."""
        self._connection = connection

    async def start(self, request: RemoteRequest, started: list[RemoteProcess]) -> RemoteProcess:
        """Start a process; it is added to `started` before it can run. Raises `SpawnError`."""
        connection = self._connection
        assert connection is not None
        try:
            await connection.ready()
        except EnvironmentUnreachable as error:
            raise CannotStart(str(error)) from error
        process = RemoteProcess(str(uuid4()), connection, request)
        self._known[process.id] = process
        started.append(process)
        params = wire.ProcessStartParams(
            process_id=process.id,
            argv=list(request.argv),
            cwd=wire.path_to_wire(request.cwd, as_uri=connection.takes_uris),
            env=dict(request.env),
            env_policy=request.variables,
            tty=request.tty,
            pipe_stdin=request.open_stdin,
            merge_output=request.merge_output,
            sandbox=request.sandbox,
            enforce_managed_network=request.hosts is not None,
            network_proxy=None if request.hosts is None else request.hosts.launch,
        )
        try:
            await connection.request("process/start", params, wire.ProcessStartResult)
        except ServerRefused as error:
            if not (error.was_sent_again and error.message.endswith("already exists")):
                self._forget(process, started)
                raise _refused(error) from error
        except EnvironmentUnreachable as error:
            self._forget(process, started)
            raise CannotStart(str(error)) from error
        except trio.Cancelled:
            # It may run already, and nobody will know of it.
            with trio.CancelScope(shield=True):
                await process.kill()
            raise
        return process

    def _forget(self, process: RemoteProcess, started: list[RemoteProcess]) -> None:
        self._known.pop(process.id, None)
        started.remove(process)

    async def event(self, method: str, params: msgspec.Raw) -> None:
        """Give an event to the process that it is about."""
        if method not in ("process/output", "process/exited", "process/closed", wire.NETWORK_DECISION):
            return
        process = self._known.get(_process_of(params))
        if process is None:
            return
        try:
            is_in_order = await process.take(method, params)
        except (msgspec.MsgspecError, ValueError):
            is_in_order = False
        if not is_in_order:
            self._nursery.start_soon(self._catch_up, process)
        elif process.is_closed:
            del self._known[process.id]

    def began(self) -> None:
        """Pass that on."""
        self._told(is_connected=True)

    def resumed(self) -> None:
        """Read what was missed."""
        for process in self._known.values():
            self._nursery.start_soon(self._catch_up, process)

    async def _catch_up(self, process: RemoteProcess) -> None:
        try:
            await process.catch_up()
        except EnvironmentUnreachable as error:
            process.lost(str(error))
        except ValueError as error:
            process.lost(f"what the exec-server says makes no sense: {error}")
        if process.is_closed:
            self._known.pop(process.id, None)

    def lost(self, problem: str) -> None:
        """Note that all of them are gone."""
        for process in self._known.values():
            process.lost(problem)
        self._known.clear()
        self._told(is_connected=False)


class _Named(msgspec.Struct, rename="camel"):
    process_id: str


_NAMED = decoding.json_decoder(_Named)


def _process_of(params: msgspec.Raw) -> str:
    try:
        return _NAMED.decode(params).process_id
    except msgspec.MsgspecError:
        return ""


class CannotStart(SpawnError):
    """The exec-server could not be asked, or has said no."""

    def __init__(self, text: str) -> None:
        super().__init__(errno.EIO, text=text)


def _refused(error: ServerRefused) -> SpawnError:
    if error.data == {"kind": "spawnNotFound"}:
        return SpawnError(errno.ENOENT, text=error.message)
    return CannotStart(error.message)

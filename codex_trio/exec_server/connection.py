"""One connection of a client to an exec-server: messages in, answers and events out.

Owns the envelope, the order of answers and which methods there are. Does not own what they do (session.py, files.py),
or what carries the messages.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeAlias

import msgspec
import trio

from codex_trio.environments import exec_protocol as wire
from codex_trio.exec_server.begun import Begun
from codex_trio.exec_server.config_read import ServedSettings, SettingsPlaces
from codex_trio.exec_server.errors import RequestRefused, internal_error, invalid_params, invalid_request
from codex_trio.exec_server.files import ServedFiles
from codex_trio.exec_server.handles import ServedHandles
from codex_trio.exec_server.http import ServedRequests
from codex_trio.exec_server.missing import ServedWatches
from codex_trio.exec_server.process import ServedProcess
from codex_trio.exec_server.session import ServedSession
from codex_trio.files.watches import FileWatches
from codex_trio.model.http import HttpTransport
from codex_trio.transport.base import MessageTooLong, MessageTransport, TransportClosed
from codex_trio.util import decoding
from codex_trio.util.base64_text import NotBase64, decode_base64

MAX_AT_ONCE = 64
"""How many requests of a connection are under way, unless the user says otherwise; the next one is read when one of
them is answered.
"""

_IN_ORDER = frozenset({"initialize", "process/start"})
"""What later messages of the connection count on is done before these are read."""

_MAX_WAIT_MS = 600_000
_log = logging.getLogger(__name__)

Answer: TypeAlias = "msgspec.Struct | Begun"
Handler: TypeAlias = Callable[[Any, ServedSession], Awaitable[Answer]]


class Host(Protocol):
    """The exec-server, as a connection sees it."""

    @property
    def facts(self) -> wire.EnvironmentFacts:
        """What is said of the machine."""
        ...

    @property
    def watches(self) -> FileWatches:
        """Watches the machine's files."""
        ...

    @property
    def http(self) -> HttpTransport:
        """Makes requests from the machine."""
        ...

    @property
    def environ(self) -> Mapping[str, str]:
        """The server's own variables."""
        ...

    @property
    def settings(self) -> SettingsPlaces:
        """Where the machine's settings are."""
        ...

    async def open_session(self, *, acknowledges: bool) -> ServedSession:
        """Return a new session."""
        ...

    def find_session(self, session_id: str) -> ServedSession | None:
        """Return a session that its client may come back to."""
        ...


class ServedConnection:
    def __init__(self, transport: MessageTransport, host: Host, *, max_at_once: int = MAX_AT_ONCE) -> None:
        self._transport = transport
        self._host = host
        self._session: ServedSession | None = None
        self._sending = trio.Lock()
        self._scope = trio.CancelScope()
        self._sends: set[trio.CancelScope] = set()
        self._at_once = trio.CapacityLimiter(max_at_once)
        self._is_broken = False
        self._handles = ServedHandles()
        self._methods: dict[str, tuple[Any, Handler]] = {}

    async def run(self) -> ServedSession | None:
        """Serve until the client is gone; returns its session, which may go on."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    self._methods = self._known_methods(nursery)
                    await self._read(nursery)
                    nursery.cancel_scope.cancel()
        finally:
            self._handles.close_all()
            if self._session is not None:
                self._session.detach(self)
        return self._session

    async def _read(self, nursery: trio.Nursery) -> None:
        while True:
            try:
                message = await self._transport.receive()
            except MessageTooLong as error:
                await self._refuse(-1, invalid_request(str(error)))
                continue
            except TransportClosed:
                return
            if message is None:
                return
            await trio.lowlevel.checkpoint()
            await self._take(message, nursery)

    async def _take(self, message: bytes, nursery: trio.Nursery) -> None:
        try:
            envelope = _ENVELOPE.decode(message)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            await self._refuse(-1, invalid_request(f"failed to parse JSON-RPC message: {error}"))
            return
        if envelope.method is None:
            if envelope.id is None or (envelope.result is None and envelope.error is None):
                await self._refuse(-1, invalid_request("failed to parse JSON-RPC message: it has no `method`"))
            return
        if envelope.id is None:
            await self._note(envelope.method, envelope.params)
            return
        try:
            work = self._prepared(envelope.method, envelope.params)
        except RequestRefused as error:
            await self._refuse(envelope.id, error)
            return
        if envelope.method in _IN_ORDER:
            await self._answer(envelope.id, work)
            return
        token = object()
        await self._at_once.acquire_on_behalf_of(token)
        await nursery.start(self._answer_beside, envelope.id, work, token)

    def _prepared(self, method: str, raw: msgspec.Raw) -> Callable[[], Awaitable[Answer]]:
        """Return what answers a request. Raises RequestRefused."""
        found = self._methods.get(method)
        if found is None:
            raise RequestRefused(wire.METHOD_NOT_FOUND, f"exec-server stub does not implement `{method}` yet")
        kind, handler = found
        params: Any = None if kind is None else _decoded(raw, kind)
        if method == "initialize":
            if self._session is not None:
                raise invalid_request("initialize may only be sent once per connection")
            return partial(self._initialize, params)
        session = self._session
        if session is None:
            raise invalid_request("client must call initialize before using exec methods")
        return partial(handler, params, session)

    async def _answer_beside(
        self,
        request_id: int | str,
        work: Callable[[], Awaitable[Answer]],
        token: object,
        *,
        task_status: trio.TaskStatus[None],
    ) -> None:
        try:
            # Started in order, so that writes to one process reach it in order: they queue up at its lock.
            task_status.started()
            await self._answer(request_id, work)
        finally:
            self._at_once.release_on_behalf_of(token)

    async def _answer(self, request_id: int | str, work: Callable[[], Awaitable[Answer]]) -> None:
        try:
            answer = await work()
            result = answer.result if isinstance(answer, Begun) else answer
            await self._send(msgspec.json.encode({"id": request_id, "result": result}))
            if isinstance(answer, Begun):
                answer.answered.set()
        except RequestRefused as error:
            await self._refuse(request_id, error)
        except Exception:
            _log.exception("a request failed")
            await self._refuse(request_id, internal_error("internal error: see the log of the exec-server"))

    async def _note(self, method: str, raw: msgspec.Raw) -> None:
        """Take a notification; those that are not known are none to complain of."""
        if method == "process/ack" and self._session is not None:
            try:
                params: wire.ProcessAckParams = _decoded(raw, wire.ProcessAckParams)
            except RequestRefused:
                return
            process = self._session.find(params.process_id)
            if process is not None:
                process.log.acknowledge(params.seq)
        await trio.lowlevel.checkpoint()

    async def notify(self, method: str, params: msgspec.Struct) -> None:
        """Tell an event; returns when it is written."""
        await self._send(msgspec.json.encode({"method": method, "params": params}))

    async def _refuse(self, request_id: int | str, error: RequestRefused) -> None:
        told = wire.ExecError(code=error.code, message=error.message, data=error.data)
        await self._send(msgspec.json.encode({"error": told, "id": request_id}))

    async def _send(self, message: bytes) -> None:
        with trio.CancelScope() as scope:
            self._sends.add(scope)
            try:
                async with self._sending:
                    # A message that was cut short would be followed by others.
                    if not self._is_broken:
                        self._is_broken = True
                        await self._transport.send(message)
                        self._is_broken = False
            except TransportClosed:
                # The reader learns of it too, and ends the connection.
                return
            finally:
                self._sends.discard(scope)

    def drop(self) -> None:
        """End the connection, also where it does not take what is being sent."""
        self._scope.cancel()
        for scope in self._sends:
            scope.cancel()

    # --- methods ---

    def _known_methods(self, nursery: trio.Nursery) -> dict[str, tuple[Any, Handler]]:
        host, files, handles = self._host, ServedFiles(), self._handles
        watches = ServedWatches(host.watches, nursery, self.notify)
        requests = ServedRequests(host.http, host.environ, nursery, self.notify)
        return {
            "initialize": (wire.InitializeParams, _never),
            "environment/info": (None, self._info),
            "environment/status": (None, _status),
            "process/start": (wire.ProcessStartParams, _start),
            "process/read": (wire.ProcessReadParams, _read_output),
            "process/write": (wire.ProcessWriteParams, _write),
            "process/signal": (wire.ProcessSignalParams, _signal),
            "process/terminate": (wire.ProcessParams, _terminate),
            "fs/readFile": (wire.PathParams, files.read),
            "fs/writeFile": (wire.WriteFileParams, files.write),
            "fs/createDirectory": (wire.CreateDirectoryParams, files.create_directory),
            "fs/getMetadata": (wire.PathParams, files.metadata),
            "fs/readDirectory": (wire.PathParams, files.read_directory),
            "fs/remove": (wire.RemoveParams, files.remove),
            "fs/copy": (wire.CopyParams, files.copy),
            "fs/canonicalize": (wire.PathParams, files.canonicalize),
            "fs/walk": (wire.WalkParams, files.walk),
            "fs/watchMissing": (wire.WatchMissingParams, watches.watch),
            "fs/open": (wire.OpenParams, handles.open),
            "fs/readBlock": (wire.ReadBlockParams, handles.read_block),
            "fs/writeBlock": (wire.WriteBlockParams, handles.write_block),
            "fs/close": (wire.HandleParams, handles.close),
            "http/request": (wire.HttpRequestParams, requests.request),
            "environmentConfig/read": (wire.ConfigReadParams, ServedSettings(host.settings).read),
        }

    async def _initialize(self, params: wire.InitializeParams) -> wire.InitializeResult:
        if params.resume_session_id is None:
            session = await self._host.open_session(acknowledges=params.acknowledges_output)
        else:
            found = self._host.find_session(params.resume_session_id)
            if found is None:
                raise invalid_request(f"unknown session id {params.resume_session_id}")
            session = found
        if self._session is not None:
            raise invalid_request("initialize may only be sent once per connection")
        self._session = session
        session.attach(self)
        return wire.InitializeResult(session_id=session.id, environment_info=self._host.facts)

    async def _info(self, _params: None, _session: ServedSession) -> wire.EnvironmentFacts:
        await trio.lowlevel.checkpoint()
        return self._host.facts


class _Envelope(msgspec.Struct):
    id: int | str | None = None
    method: str | None = None
    params: msgspec.Raw = msgspec.Raw(b"null")
    result: msgspec.Raw | None = None
    error: msgspec.Raw | None = None


_ENVELOPE = decoding.json_decoder(_Envelope)


def _decoded(raw: msgspec.Raw, kind: Any) -> Any:
    try:
        return decoding.json_decoder(kind).decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise invalid_params(str(error)) from error


async def _never(_params: Any, _session: ServedSession) -> msgspec.Struct:
    raise AssertionError


async def _status(_params: None, _session: ServedSession) -> wire.StatusResult:
    await trio.lowlevel.checkpoint()
    return wire.StatusResult(status="ready")


async def _start(params: wire.ProcessStartParams, session: ServedSession) -> wire.ProcessStartResult:
    return await session.start(params)


async def _read_output(params: wire.ProcessReadParams, session: ServedSession) -> wire.ProcessReadResult:
    process = _found(params.process_id, session)
    after = params.after_seq or 0
    with trio.move_on_after(min(max(params.wait_ms or 0, 0), _MAX_WAIT_MS) / 1000):
        await process.log.wait_for_news(after)
    await trio.lowlevel.checkpoint()
    return process.log.read(after, max_bytes=params.max_bytes)


async def _write(params: wire.ProcessWriteParams, session: ServedSession) -> wire.ProcessWriteResult:
    try:
        data = decode_base64(params.chunk)
    except NotBase64 as error:
        raise invalid_params(str(error)) from error
    process = session.find(params.process_id)
    if process is None:
        await trio.lowlevel.checkpoint()
        return wire.ProcessWriteResult(status="unknownProcess")
    return wire.ProcessWriteResult(status=await process.write(data, params.write_id))


async def _signal(params: wire.ProcessSignalParams, session: ServedSession) -> wire.Nothing:
    await _found(params.process_id, session).interrupt(params.signal_id)
    return wire.Nothing()


async def _terminate(params: wire.ProcessParams, session: ServedSession) -> wire.TerminateResult:
    return wire.TerminateResult(running=await session.terminate(params.process_id))


def _found(process_id: str, session: ServedSession) -> ServedProcess:
    process = session.find(process_id)
    if process is None:
        raise invalid_request(f"unknown process id {process_id}")
    return process

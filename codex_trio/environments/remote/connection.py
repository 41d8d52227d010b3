"""The connection to one exec-server: made when it is first needed, and made anew when it is cut.

Owns that a request is answered once, whatever happens to the connection: what has not been answered is sent again, in
the order in which it was asked, when the session was found again. Requests are made so that this does no harm; see
`exec_server`. Does not own what carries the messages (`channel.OpenChannel`) or what requests mean.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol, TypeVar

import msgspec
import trio

from codex_trio.environments.environment import EnvironmentStatus
from codex_trio.environments.errors import EnvironmentUnreachable
from codex_trio.environments.exec_protocol import (
    EnvironmentFacts,
    ExecError,
    InitializeParams,
    InitializeResult,
    path_from_wire,
)
from codex_trio.environments.remote.channel import Channel, ChannelClosed, OpenChannel
from codex_trio.environments.targets import ProgramTarget, RemoteTarget
from codex_trio.util import decoding
from codex_trio.util.bell import Bell

AWAY_SECONDS = 120.0
"""For how long it is tried to reach a server again whose connection was cut."""

SILENCE_SECONDS = 20.0
"""After so long without a word from the server it is asked for one, and after as long again it counts as cut off."""

_CLIENT_NAME = "codex-trio"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0

_T = TypeVar("_T")


class ServerRefused(Exception):
    """The exec-server refused a request. `was_sent_again` says whether it may have been done before."""

    def __init__(self, error: ExecError, *, was_sent_again: bool) -> None:
        super().__init__(error.message)
        self.code = error.code
        self.message = error.message
        self.data: Any = error.data
        self.was_sent_again = was_sent_again


class SessionListener(Protocol):
    """Who wants to know what the server tells by itself."""

    async def event(self, method: str, params: msgspec.Raw) -> None:
        """Take an event. What comes behind it waits until this returns."""
        ...

    def began(self) -> None:
        """Take note that there is a session, in which nothing runs yet."""
        ...

    def resumed(self) -> None:
        """Take note that the connection was cut and is there again: events may be missing."""
        ...

    def lost(self, problem: str) -> None:
        """Take note that the session is gone, with all that ran in it."""
        ...


class _Envelope(msgspec.Struct):
    id: int | str | None = None
    method: str | None = None
    params: msgspec.Raw = msgspec.Raw(b"null")
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: ExecError | None = None


class _Pending:
    def __init__(self, number: int, message: bytes) -> None:
        self.number = number
        self.message = message
        self.times_sent = 0
        self.answered = trio.Event()
        self.answer: _Envelope | EnvironmentUnreachable | None = None


class ExecConnection:
    """`nursery` hosts the connection, from the first request until it is cancelled."""

    def __init__(
        self, target: RemoteTarget, open_channel: OpenChannel, nursery: trio.Nursery, listener: SessionListener
    ) -> None:
        self.facts: EnvironmentFacts | None = None
        """What the server says of its machine; None before the first connection, and of a 0.131.0 server."""
        self.takes_uris = True
        self._target = target
        self._open_channel = open_channel
        self._nursery = nursery
        self._listener = listener
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._outgoing: deque[_Pending | bytes] = deque()
        self._news = Bell()
        self._is_running = False
        self._is_used = False
        self._scope = trio.CancelScope()
        self._session: str | None = None
        self._status = EnvironmentStatus(kind="pending")
        self._ready = trio.Event()
        self._heard_at = 0.0

    @property
    def status(self) -> EnvironmentStatus:
        """Whether the server can be reached, as far as that is known."""
        return self._status

    def dial(self) -> None:
        """Try to connect ahead, so that `status` tells whether the server can be reached."""
        self._run_if_needed()

    def close_unused(self) -> None:
        """End what `dial` began, if nobody has needed it since."""
        if not self._is_used:
            self._scope.cancel()

    async def ready(self) -> None:
        """Wait for a first connection. Raises EnvironmentUnreachable."""
        self._is_used = True
        if self._session is None:
            self._run_if_needed()
            await self._ready.wait()
            if self._session is None:
                raise EnvironmentUnreachable(self._status.error or "the exec-server cannot be reached")

    async def request(self, method: str, params: msgspec.Struct | None, kind: type[_T]) -> _T:
        """Return the server's answer. Raises ServerRefused, EnvironmentUnreachable."""
        self._is_used = True
        number = next(self._numbers)
        pending = _Pending(number, msgspec.json.encode({"id": number, "method": method, "params": params}))
        self._pending[number] = pending
        try:
            self._outgoing.append(pending)
            self._run_if_needed()
            self._news.ring()
            await pending.answered.wait()
        finally:
            self._pending.pop(number, None)
        answer = pending.answer
        if isinstance(answer, EnvironmentUnreachable):
            raise answer
        assert answer is not None
        if answer.error is not None:
            raise ServerRefused(answer.error, was_sent_again=pending.times_sent > 1)
        try:
            return decoding.json_decoder(kind).decode(answer.result)
        except msgspec.MsgspecError as error:
            raise EnvironmentUnreachable(f"the exec-server's answer to `{method}` cannot be read: {error}") from error

    def insist(self, method: str, params: msgspec.Struct) -> None:
        """Ask for something until it is answered, or the session is lost; nobody waits for it."""
        if self._session is not None:
            number = next(self._numbers)
            pending = _Pending(number, msgspec.json.encode({"id": number, "method": method, "params": params}))
            self._pending[number] = pending
            self._outgoing.append(pending)
            self._news.ring()

    def note(self, method: str, params: msgspec.Struct) -> None:
        """Tell the server something, unless the connection is cut meanwhile."""
        self._outgoing.append(msgspec.json.encode({"method": method, "params": params}))
        self._news.ring()

    def _run_if_needed(self) -> None:
        if not self._is_running:
            self._is_running = True
            self._scope = trio.CancelScope()
            self._ready = trio.Event()
            self._status = EnvironmentStatus(kind="pending")
            self._nursery.start_soon(self._run)

    async def _run(self) -> None:
        problem = "the server ends"
        try:
            with self._scope:
                problem = await self._keep_connected()
        finally:
            self._is_running = False
            self._end(problem)

    async def _keep_connected(self) -> str:
        """Serve requests over one connection after another; returns why no further one is tried."""
        pause, deadline = _FIRST_PAUSE, trio.current_time()
        while True:
            problem = "the connection to the exec-server was closed"
            try:
                async with self._open_channel(self._target) as channel:
                    await self._initialize(channel)
                    pause, deadline = _FIRST_PAUSE, trio.current_time() + AWAY_SECONDS
                    await self._serve(channel)
                    deadline = trio.current_time() + AWAY_SECONDS
            except EnvironmentUnreachable as error:
                problem = str(error)
            except ChannelClosed:
                pass
            if self._session is None or isinstance(self._target.where, ProgramTarget):
                # What a program on standard input and output ran has ended with it.
                return problem
            self._status = EnvironmentStatus(kind="disconnected", error=problem)
            if trio.current_time() >= deadline:
                return problem
            await trio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _end(self, problem: str) -> None:
        self._status = EnvironmentStatus(kind="disconnected", error=problem)
        self._outgoing.clear()
        self._fail(list(self._pending.values()), problem)
        if self._session is not None:
            self._session = None
            self._listener.lost(problem)
        self._ready.set()

    def _fail(self, asked: Iterable[_Pending], problem: str) -> None:
        for pending in asked:
            del self._pending[pending.number]
            pending.answer = EnvironmentUnreachable(problem)
            pending.answered.set()

    async def _initialize(self, channel: Channel) -> None:
        """Begin or go on with a session. Raises ChannelClosed, EnvironmentUnreachable."""
        with trio.move_on_after(self._target.initialize_seconds) as waiting:
            answer = await self._introduce(channel, self._session)
            if answer.error is not None and self._session is not None:
                lost, self._session = f"the exec-server does not go on with the session: {answer.error.message}", None
                self._listener.lost(lost)
                # What was asked for the lost session makes no sense in another one.
                self._fail([pending for pending in self._pending.values() if pending.times_sent], lost)
                answer = await self._introduce(channel, None)
            if answer.error is not None:
                raise EnvironmentUnreachable(f"the exec-server refuses to begin: {answer.error.message}")
            self._begin(answer)
        if waiting.cancelled_caught:
            seconds = self._target.initialize_seconds
            raise EnvironmentUnreachable(f"the exec-server did not answer `initialize` within {seconds:g} seconds")

    async def _introduce(self, channel: Channel, session: str | None) -> _Envelope:
        number = next(self._numbers)
        params = InitializeParams(client_name=_CLIENT_NAME, resume_session_id=session, acknowledges_output=True)
        await channel.send(msgspec.json.encode({"id": number, "method": "initialize", "params": params}))
        while True:
            envelope = _parsed(await channel.receive())
            if envelope.method is not None:
                await self._listener.event(envelope.method, envelope.params)
            elif envelope.id == number:
                return envelope

    def _begin(self, answer: _Envelope) -> None:
        try:
            result = _INITIALIZED.decode(answer.result)
            _check_paths(result.environment_info)
        except (msgspec.MsgspecError, ValueError) as error:
            raise EnvironmentUnreachable(f"what answers is no exec-server: {error}") from error
        was_there = self._session is not None
        self._session = result.session_id
        self.facts = result.environment_info
        self.takes_uris = result.environment_info is not None
        unanswered = [pending for _, pending in sorted(self._pending.items())]
        self._outgoing = deque([msgspec.json.encode({"method": "initialized", "params": {}}), *unanswered])
        self._status = EnvironmentStatus(kind="ready")
        self._ready.set()
        if was_there:
            self._listener.resumed()
        else:
            self._listener.began()

    async def _serve(self, channel: Channel) -> None:
        self._heard_at = trio.current_time()
        problem = None
        async with trio.open_nursery() as nursery:

            async def until_closed(work: Callable[[Channel], Awaitable[None]]) -> None:
                nonlocal problem
                try:
                    await work(channel)
                except ChannelClosed:
                    nursery.cancel_scope.cancel()
                except EnvironmentUnreachable as error:
                    problem = str(error)
                    nursery.cancel_scope.cancel()

            nursery.start_soon(until_closed, self._read)
            nursery.start_soon(until_closed, self._write)
            nursery.start_soon(until_closed, self._watch)
        if problem is not None:
            raise EnvironmentUnreachable(problem)

    async def _read(self, channel: Channel) -> None:
        while True:
            envelope = _parsed(await channel.receive())
            self._heard_at = trio.current_time()
            if envelope.method is not None:
                await self._listener.event(envelope.method, envelope.params)
                continue
            pending = self._pending.pop(envelope.id, None) if isinstance(envelope.id, int) else None
            if pending is not None:
                pending.answer = envelope
                pending.answered.set()

    async def _write(self, channel: Channel) -> None:
        while True:
            while not self._outgoing:
                await self._news.wait()
            what = self._outgoing.popleft()
            if isinstance(what, bytes):
                await channel.send(what)
            elif what.number in self._pending:
                what.times_sent += 1
                await channel.send(what.message)

    async def _watch(self, channel: Channel) -> None:
        """Find out when the server is silent because it cannot be heard any more."""
        del channel
        while True:
            await trio.sleep_until(self._heard_at + SILENCE_SECONDS)
            silent_for = trio.current_time() - self._heard_at
            if silent_for >= 2 * SILENCE_SECONDS:
                raise ChannelClosed
            if silent_for >= SILENCE_SECONDS:
                # Any word will do, also that there is no such method.
                self._outgoing.append(_ARE_YOU_THERE)
                self._news.ring()
                await trio.sleep(SILENCE_SECONDS)


_ARE_YOU_THERE = msgspec.json.encode({"id": 0, "method": "environment/status", "params": None})
_ENVELOPE = decoding.json_decoder(_Envelope)
_INITIALIZED = decoding.json_decoder(InitializeResult)


def _check_paths(facts: EnvironmentFacts | None) -> None:
    """Raise ValueError for folders that are none."""
    for path in () if facts is None else (facts.cwd, facts.temp_dir):
        if path is not None:
            path_from_wire(path)


def _parsed(message: bytes) -> _Envelope:
    try:
        return _ENVELOPE.decode(message)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EnvironmentUnreachable(f"what answers is no exec-server: {error}") from error

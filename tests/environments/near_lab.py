"""A remote environment whose exec-server is in the same process, on a connection that a test can cut at will."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol

import trio

from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.environments.environment import ThreadUse
from codex_trio.environments.errors import EnvironmentUnreachable
from codex_trio.environments.news import ConnectionChange, ConnectionNews
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.remote.channel import Channel, ChannelClosed
from codex_trio.environments.remote.environment import OpenRemoteEnvironment, RemoteEnvironment
from codex_trio.environments.targets import RemoteTarget, WebsocketTarget
from codex_trio.exec_server.server import ExecServer, open_exec_server
from codex_trio.sandbox.policy import DangerFullAccess
from codex_trio.sandbox.roots import NOTHING_GUARDED
from codex_trio.transport.base import MessageTransport, TransportClosed
from codex_trio.transport.memory import memory_transport_pair
from codex_trio.util.stoppable_clock import StoppableClock

PATIENCE = 60.0


class NearServer(Protocol):
    async def serve(self, transport: MessageTransport) -> None:
        """Serve one connection until it ends."""
        ...


class NearChannel:
    def __init__(self, transport: MessageTransport, road: NearRoad) -> None:
        self._transport = transport
        self._road = road

    async def receive(self) -> bytes:
        try:
            message = await self._transport.receive()
            await self._road.passing()
        except TransportClosed as error:
            raise ChannelClosed(str(error)) from error
        if message is None:
            raise ChannelClosed
        return message

    async def send(self, message: bytes) -> None:
        try:
            await self._road.passing()
            await self._transport.send(message)
        except TransportClosed as error:
            raise ChannelClosed(str(error)) from error


class NearRoad:
    """Leads to `server`, or to nobody where that is None."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.server: NearServer | None = None
        self.passed = 0
        """How many messages have gone either way."""
        self.cut_at = 0
        """The number of a message that is lost with the connection; 0 for none."""
        self._nursery = nursery
        self._ends: list[MessageTransport] = []

    @asynccontextmanager
    async def open(self, target: RemoteTarget) -> AsyncGenerator[Channel]:
        del target
        if self.server is None:
            await trio.lowlevel.checkpoint()
            raise EnvironmentUnreachable("nobody gets through")
        theirs, ours = memory_transport_pair()
        self._ends += [theirs, ours]
        self._nursery.start_soon(self.server.serve, theirs)
        try:
            yield NearChannel(ours, self)
        finally:
            with trio.CancelScope(shield=True):
                await ours.aclose()

    async def passing(self) -> None:
        """Let a message pass, or lose it. Raises TransportClosed."""
        self.passed += 1
        if self.passed == self.cut_at:
            await self.cut()
            raise TransportClosed("the connection is cut")

    async def cut(self) -> None:
        """Cut what is open; what is under way is lost."""
        ends, self._ends = self._ends, []
        for end in ends:
            await end.aclose()


class NearLab:
    def __init__(self, work: Path, road: NearRoad, environment: RemoteEnvironment, news: ConnectionNews) -> None:
        self.road = road
        self.environment = environment
        self.told: list[ConnectionChange] = []
        self.place = WorkPlace(cwd=str(work), policy=DangerFullAccess())
        self._news = news

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[OpenRemoteEnvironment]:
        """Provide the environment as a thread has it open."""
        use = ThreadUse(thread_id="t", variables=ShellEnvironmentPolicy(), clock=StoppableClock())
        with self._news.heard(self.told.append):
            async with trio.open_nursery() as nursery:
                opened = self.environment.open(use, nursery)
                yield opened
                await opened.aclose()


@asynccontextmanager
async def open_near(work: Path, *, servers: int = 1) -> AsyncGenerator[tuple[NearLab, list[ExecServer]]]:
    """Provide the environment, behind the first of so many exec-servers."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(work)}
    with trio.fail_after(PATIENCE):
        async with AsyncExitStack() as stack:
            serving = (open_exec_server(environ, cwd=work, home=work, guarded=NOTHING_GUARDED) for _ in range(servers))
            started = [await stack.enter_async_context(server) for server in serving]
            async with trio.open_nursery() as nursery:
                road, news = NearRoad(nursery), ConnectionNews()
                road.server = started[0]
                target = RemoteTarget(id="far", where=WebsocketTarget(url="ws://127.0.0.1:1"))
                yield NearLab(work, road, RemoteEnvironment(target, road.open, nursery, news=news), news), started
                nursery.cancel_scope.cancel()

"""A server that listens, for scenarios with several clients.

Owns the server's process and the way to it. Does not own folders and environment (`lab`, which starts it), nor what is
observed of a connection (`probe`).

    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        ...
"""

import contextlib
import signal
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import trio

from codex_trio.client.connection import open_client
from codex_trio.client.listening import ListeningServer, open_listening_server
from codex_trio.client.process import SpawnedServer
from codex_trio.conformance.probe import Log, Probe
from codex_trio.conformance.websocket_port import RawPeer, raw_peer
from codex_trio.transport.outbound import connect
from codex_trio.transport.websocket_connection import WebsocketConnection

_END_SECONDS = 10.0
_GRACE_SECONDS = 2.0


class Visitor(Probe):
    """A connection to a server that has others, under observation."""

    def __init__(self, server: SpawnedServer, log: Log, transport: WebsocketConnection) -> None:
        super().__init__(server, log)
        self._transport = transport

    async def closed_with(self) -> int:
        """Wait until the server closes the connection; the websocket close code, 1006 when it gave none."""
        with trio.move_on_after(_END_SECONDS):
            await self.client.closed.wait()
            reason = self._transport.close_reason
            return 1006 if reason is None else reason.code
        raise AssertionError(f"the server did not close the connection within {_END_SECONDS:g} s")


class Listening:
    """A running server that can be connected to at `url`. Made by `open_listening`."""

    def __init__(self, server: ListeningServer) -> None:
        self._server = server
        self.process = server.process
        self.url = server.url

    @property
    def stderr(self) -> str:
        """The last 64 KiB of what the server wrote to its standard error."""
        return self._server.stderr

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal."""
        self.process.send_signal(number)

    async def ended(self, *, seconds: float = _END_SECONDS) -> int:
        """Return the exit code, once the server has ended."""
        with trio.move_on_after(seconds):
            return await self.process.wait()
        raise AssertionError(f"the server still runs after {seconds:g} s\nstderr:\n{self.stderr[-2000:]}")

    def raw_peer(self) -> contextlib.AbstractAsyncContextManager[RawPeer]:
        """Return a TCP connection to a server that listens at `ws://`, cut at the end of the block."""
        where = urlsplit(self.url)
        assert where.hostname is not None
        assert where.port is not None
        return raw_peer(where.hostname, where.port)

    @contextlib.asynccontextmanager
    async def connect(
        self,
        name: str = "scenario",
        *,
        token: str | None = None,
        initialize: bool = True,
        experimental: bool = True,
        opt_out: Collection[str] = (),
    ) -> AsyncGenerator[Visitor]:
        """Provide a client with a connection of its own, until the block ends; `token` is its bearer token."""
        log = Log()
        async with (
            connect(self.url, token=token) as transport,
            trio.open_nursery() as nursery,
            open_client(transport, observer=log.observe, refuse_unhandled=False) as client,
        ):
            nursery.start_soon(log.watch_end, client.closed)
            server = SpawnedServer(self.process, self._server.stderr_tail, client)
            visitor = Visitor(server, log, transport)
            if initialize:
                await visitor.initialize(name, experimental=experimental, opt_out=opt_out)
            yield visitor
            nursery.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def open_listening(
    command: Sequence[str], address: str, *, env: Mapping[str, str], cwd: Path
) -> AsyncGenerator[Listening]:
    """Start a server with `--listen ADDRESS` until the block ends.

    `address` is `ws://IP:0`, whose port is read from the server's banner, or `unix://PATH`.
    """
    async with open_listening_server(command, listen=address, env=env, cwd=cwd, grace_seconds=_GRACE_SECONDS) as server:
        yield Listening(server)

"""A server that listens, for scenarios with several clients.

Owns the server's process and the way to it. Does not own folders and environment (`lab`, which starts it), nor what is
observed of a connection (`probe`). Called by scenarios.

    async with lab.listen() as server, server.connect("one") as one, server.connect("two") as two:
        ...
"""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from pathlib import Path

import trio

from codex_trio.client.connection import open_client
from codex_trio.client.process import StderrTail, StdioServer
from codex_trio.conformance.probe import WAIT_SECONDS, Log, Probe
from codex_trio.transport.outbound import CannotConnect, connect
from codex_trio.transport.websocket_stream import WebSocketStreamTransport

_START_SECONDS = 20.0
_END_SECONDS = 10.0
_PAUSE = 0.02
_BANNER = re.compile(r"listening on: (ws://\S+)")


class Visitor(Probe):
    """A connection to a server that has others, under observation."""

    def __init__(self, server: StdioServer, log: Log, transport: WebSocketStreamTransport) -> None:
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

    def __init__(self, process: trio.Process, stderr: StderrTail, url: str) -> None:
        self.process = process
        self.url = url
        self._stderr = stderr

    @property
    def stderr(self) -> str:
        """The last 64 KiB of what the server wrote to its standard error."""
        return self._stderr.text

    def signal(self, number: signal.Signals) -> None:
        """Send the server a signal."""
        self.process.send_signal(number)

    async def ended(self, *, seconds: float = _END_SECONDS) -> int:
        """The exit code, once the server has ended."""
        with trio.move_on_after(seconds):
            return await self.process.wait()
        raise AssertionError(f"the server still runs after {seconds:g} s\nstderr:\n{self.stderr[-2000:]}")

    @contextlib.asynccontextmanager
    async def connect(
        self,
        name: str = "scenario",
        *,
        initialize: bool = True,
        experimental: bool = True,
        opt_out: Collection[str] = (),
    ) -> AsyncGenerator[Visitor]:
        """A client with a connection of its own, until the block ends."""
        log = Log()
        async with (
            trio.open_nursery() as nursery,
            connect(self.url) as transport,
            open_client(transport, observer=log.observe, refuse_unhandled=False) as client,
        ):
            nursery.start_soon(log.watch_end, client.closed)
            server = StdioServer(client=client, process=self.process, stderr_tail=self._stderr)
            visitor = Visitor(server, log, transport)
            if initialize:
                with trio.fail_after(WAIT_SECONDS):
                    await client.initialize(name, "1.0", experimental=experimental, opt_out=opt_out)
            yield visitor
            nursery.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def open_listening(
    command: Sequence[str], address: str, *, env: Mapping[str, str], cwd: Path
) -> AsyncGenerator[Listening]:
    """Start a server with `--listen ADDRESS` until the block ends; then whatever is left of its group is killed.

    `address` is `ws://IP:0`, whose port is read from the server's banner, or `unix://PATH`.
    """
    process = await trio.lowlevel.open_process(
        [*command, "--listen", address],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=dict(env),
        cwd=cwd,
        start_new_session=True,
    )
    assert process.stderr is not None
    stderr = StderrTail()
    async with process.stderr, trio.open_nursery() as nursery:
        nursery.start_soon(stderr.drain, process.stderr)
        try:
            yield Listening(process, stderr, await _reachable(process, stderr, address))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with trio.CancelScope(shield=True):
                await process.wait()
            nursery.cancel_scope.cancel()


async def _reachable(process: trio.Process, stderr: StderrTail, address: str) -> str:
    """The URL of a server that is starting, once it can be connected to."""
    with trio.move_on_after(_START_SECONDS):
        while process.poll() is None:
            found = _BANNER.search(stderr.text)
            url = found[1] if found else address
            if found or address.startswith("unix:"):
                with contextlib.suppress(CannotConnect):
                    async with connect(url):
                        return url
            await trio.sleep(_PAUSE)
    raise AssertionError(f"the server does not listen at {address}\nstderr:\n{stderr.text[-2000:]}")

"""An exec-server behind a road that a test can make slow, or cut."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from codex_trio.domain.shell_environment import ShellEnvironmentPolicy
from codex_trio.environments.environment import ThreadUse
from codex_trio.environments.news import ConnectionChange, ConnectionNews
from codex_trio.environments.place import WorkPlace
from codex_trio.environments.remote.environment import OpenRemoteEnvironment, RemoteEnvironment
from codex_trio.environments.targets import RemoteTarget, WebsocketTarget
from codex_trio.sandbox.policy import WorkspaceWrite
from codex_trio.server.exec_servers import ExecServers
from codex_trio.util.stoppable_clock import StoppableClock

PATIENCE = 60.0

OWN = (sys.executable, "-m", "codex_trio.testing.command")


class Road:
    """Passes bytes on between a port of its own and a server's."""

    def __init__(self, *, to: int) -> None:
        self.port = 0
        self.connections = 0
        self.delay = 0.0
        """How much later what is said arrives."""
        self.is_closed = False
        """Whether nobody gets through now."""
        self._to = to
        self._open: set[trio.CancelScope] = set()

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Serve until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        task_status.started()
        await trio.serve_listeners(self._pass_on, listeners)

    def cut(self) -> None:
        """Cut all connections; what is under way is lost."""
        for scope in self._open:
            scope.cancel()

    async def _pass_on(self, client: trio.SocketStream) -> None:
        if self.is_closed:
            await trio.aclose_forcefully(client)
            return
        self.connections += 1
        with trio.CancelScope() as scope:
            self._open.add(scope)
            try:
                async with (
                    await trio.open_tcp_stream("127.0.0.1", self._to) as server,
                    client,
                    trio.open_nursery() as nursery,
                ):
                    nursery.start_soon(self._one_way, client, server)
                    nursery.start_soon(self._one_way, server, client)
            except* (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
                pass
            finally:
                self._open.discard(scope)

    async def _one_way(self, source: trio.SocketStream, target: trio.SocketStream) -> None:
        while data := await source.receive_some(65536):
            if self.delay:
                await trio.sleep(self.delay)
            await target.send_all(data)
        await target.send_eof()


class RemoteLab:
    def __init__(
        self,
        environment: RemoteEnvironment,
        opened: OpenRemoteEnvironment,
        road: Road,
        work: Path,
        told: list[ConnectionChange],
    ) -> None:
        self.told = told
        """What was told of the connection."""
        self.environment = environment
        self.opened = opened
        self.road = road
        self.work = work
        self.place = WorkPlace(
            cwd=str(work), policy=WorkspaceWrite(exclude_slash_tmp=True, exclude_tmpdir_env_var=True)
        )


@asynccontextmanager
async def open_remote(
    base: Path, *options: str, token: str | None = None, program: Sequence[str] = OWN
) -> AsyncGenerator[RemoteLab]:
    """Provide an environment behind an exec-server in a process of its own; nothing of it is left afterwards."""
    work, home = base / "work", base / "home"
    for folder in (work, home, base / "tmp"):
        folder.mkdir()
    environ = {"HOME": str(home), "CODEX_HOME": str(home), "TMPDIR": str(base / "tmp"), "PATH": os.defpath}
    command = [*program, "exec-server", "--listen", "ws://127.0.0.1:0", *options]
    with trio.fail_after(PATIENCE):
        process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, env=environ, cwd=base)
        try:
            assert process.stdout is not None
            url = await _first_line(process.stdout)
            async with trio.open_nursery() as nursery:
                road = Road(to=int(url.rpartition(":")[2]))
                await nursery.start(road.run)
                where = WebsocketTarget(url=f"ws://127.0.0.1:{road.port}", token=token)
                news, told = ConnectionNews(), list[ConnectionChange]()
                target = RemoteTarget(id="far", where=where)
                environment = RemoteEnvironment(target, ExecServers(environ).open, nursery, news=news)
                use = ThreadUse(thread_id="t", variables=ShellEnvironmentPolicy(), clock=StoppableClock())
                with news.heard(told.append):
                    async with trio.open_nursery() as commands:
                        opened = environment.open(use, commands)
                        yield RemoteLab(environment, opened, road, work, told)
                        await opened.aclose()
                nursery.cancel_scope.cancel()
            process.send_signal(signal.SIGTERM)
            status = await process.wait()
            assert status == 0 or program is not OWN
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()


async def _first_line(stream: trio.abc.ReceiveStream) -> str:
    line = b""
    while not line.endswith(b"\n"):
        piece = await stream.receive_some(1)
        assert piece, "the exec-server ended"
        line += piece
    return line.decode().strip()

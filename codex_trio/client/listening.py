"""An app-server as a child process that listens: started here, shared by any number of clients.

    command = ["codex-trio", "app-server"]
    async with open_listening_server(command, listen="unix:///tmp/mine.sock") as server:
        async with open_remote_client(server.url) as one, open_remote_client(server.url) as two:
            ...

Owns finding out where it listens and when it is ready. Does not own the process's life (`process`) or connections
(`remote`).
"""

import contextlib
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import trio

from codex_trio.client.errors import NotReady
from codex_trio.client.process import ServerProcess, open_server_process, terminate
from codex_trio.util.plain_errors import with_plain_errors

_BANNER = re.compile(r"listening on: (ws://\S+)")
_RETRY_SECONDS = 0.02


@dataclass(frozen=True)
class ListeningServer(ServerProcess):
    """A running server and where to connect to it. Made by `open_listening_server`."""

    url: str


@with_plain_errors
@contextlib.asynccontextmanager
async def open_listening_server(
    command: Sequence[str],
    *,
    listen: str,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    start_seconds: float = 20.0,
    grace_seconds: float = 5.0,
) -> AsyncGenerator[ListeningServer]:
    """Start an app-server that listens; it ends when the block does.

    `listen` is `ws://IP:PORT` (port 0 for any) or `unix://PATH` with an absolute path, and is added to the command as
    `--listen`. `env` replaces the whole environment when given. At the end the server gets SIGTERM, again when it has
    not ended after half of `grace_seconds` (its turns may still run), and is killed after all of it. Raises OSError
    when the command cannot start, ServerGone when it ends before it listens, and NotReady when that takes longer than
    `start_seconds`.
    """
    async with open_server_process([*command, "--listen", listen], env=env, cwd=cwd, pipes=False) as running:
        try:
            url = await _url_in_time(running, listen, start_seconds)
            yield ListeningServer(running.process, running.stderr_tail, url)
        finally:
            with trio.CancelScope(shield=True):
                await terminate(running, grace_seconds=grace_seconds / 2)
                await terminate(running, grace_seconds=grace_seconds / 2)


async def _url_in_time(server: ServerProcess, listen: str, seconds: float) -> str:
    with trio.move_on_after(seconds):
        return await _url_of(server, listen)
    wanted = "no connection was taken" if listen.startswith("unix://") else "no `listening on: ws://...` on its stderr"
    raise NotReady(f"the server does not listen at {listen} after {seconds:g} s: {wanted}", stderr=server.stderr)


async def _url_of(server: ServerProcess, listen: str) -> str:
    """Return the URL to connect to, once that can be done."""
    if listen.startswith("unix://"):
        await _unix_socket_is_served(server, listen)
        return listen
    banner = await server.stderr_tail.find(_BANNER)
    if banner is None:
        raise await server.describe_end()
    return banner[1]


async def _unix_socket_is_served(server: ServerProcess, url: str) -> None:
    # Imported here because clients of stdio do without websockets.
    from codex_trio.transport.outbound import CannotConnect, connect

    while True:
        try:
            async with connect(url):
                return
        except CannotConnect:
            if server.process.returncode is not None:
                raise await server.describe_end() from None
        # It may not be as far as that yet, and nothing would tell.
        await trio.sleep(_RETRY_SECONDS)

"""This package's server in the same process, for tests and for programs that embed it.

Owns the wiring of clients to an app over the in-memory transport. Does not own the app. Several clients can be
connected to one server at once.

    async with open_in_memory_server(codex_home=home, cwd=folder) as server, server.connect() as client:
        await client.initialize("my-test", "1.0")
"""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import trio

from codex_trio.app import App, AppSettings, open_app
from codex_trio.client.connection import AppServerClient, Observer, open_client
from codex_trio.transport.memory import memory_transport_pair


class InMemoryServer:
    """A running server. Made by `open_in_memory_server`."""

    def __init__(self, app: App, nursery: trio.Nursery) -> None:
        self._app = app
        self._nursery = nursery

    @contextlib.asynccontextmanager
    async def connect(
        self, *, observer: Observer | None = None, refuse_unhandled: bool = True
    ) -> AsyncGenerator[AppServerClient]:
        """Connect a client, not yet initialized, until the block ends. The options are those of `open_client`."""
        ours, theirs = memory_transport_pair()
        served = trio.Event()

        async def serve() -> None:
            await self._app.serve(theirs, remote=False)
            served.set()

        self._nursery.start_soon(serve)
        async with open_client(ours, observer=observer, refuse_unhandled=refuse_unhandled) as client:
            yield client
        await served.wait()


@contextlib.asynccontextmanager
async def open_in_memory_server(
    *, codex_home: Path, cwd: Path, environ: Mapping[str, str] | None = None
) -> AsyncGenerator[InMemoryServer]:
    """Run the server in this process until the block ends.

    `environ` is all that the server sees of an environment (HOME, TMPDIR, PATH, provider keys, ...). Raises OSError
    when `codex_home` cannot be used.
    """
    settings = AppSettings(codex_home=codex_home, environ=environ or {}, cwd=cwd)
    async with open_app(settings) as app, trio.open_nursery() as nursery:
        yield InMemoryServer(app, nursery)
        nursery.cancel_scope.cancel()

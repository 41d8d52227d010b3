"""This package's server in the same process: for programs that embed it, for `exec`, and for tests.

Owns the wiring of clients to an app over the in-memory transport. Does not own the app. Several clients can be
connected to one server at once.

    settings = AppSettings(codex_home=home, environ=os.environ, cwd=folder)
    async with open_in_process_server(settings) as server, server.connect() as client:
        await client.initialize("my-program", "1.0")
"""

import contextlib
from collections.abc import AsyncGenerator

import trio

from codex_trio.client.connection import AppServerClient, Observer, open_client
from codex_trio.server.app import App, AppSettings, open_app
from codex_trio.transport.memory import memory_transport_pair
from codex_trio.util.plain_errors import with_plain_errors


class InProcessServer:
    """A running server. Made by `open_in_process_server`."""

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


@with_plain_errors
@contextlib.asynccontextmanager
async def open_in_process_server(settings: AppSettings) -> AsyncGenerator[InProcessServer]:
    """Run a server in this process until the block ends; then its turns are interrupted and what they run is killed.

    Raises StartupRefused for a configuration that it must not start with, and for a home that cannot be used. An error
    of the block leaves it as it is, several at once in an exception group.
    """
    async with open_app(settings) as app, trio.open_nursery() as nursery:
        yield InProcessServer(app, nursery)
        nursery.cancel_scope.cancel()

"""What `--listen` opens: the place is taken first, clients are served once the app is there.

Owns the choice of transport. Does not own the transports nor the app. Called by `cli.app_server`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from codex_trio.cli.options import UsageError
from codex_trio.transport.listen import ListenAddress, StdioAddress, UnixAddress

if TYPE_CHECKING:
    from codex_trio.app import App

ServeClients: TypeAlias = "Callable[[App], Awaitable[None]]"
"""Serves clients with an app: stdio until its one client is gone, the others until they are cancelled."""


@asynccontextmanager
async def open_listener(address: ListenAddress, *, home: Path) -> AsyncGenerator[ServeClients]:
    """Takes the place where clients come from, until the block ends.

    Raises:
        UsageError: the server cannot listen there.
    """
    match address:
        case StdioAddress():
            async with _stdio() as serve:
                yield serve
        case UnixAddress(path):
            async with _unix_socket(path, home) as serve:
                yield serve
        case _:
            raise UsageError("this transport is not there yet; use --listen stdio:// or unix://")


@asynccontextmanager
async def _stdio() -> AsyncGenerator[ServeClients]:
    from codex_trio.transport.stdio import open_process_stdio

    async with open_process_stdio() as transport:
        yield lambda app: app.serve(transport, remote=False)


@asynccontextmanager
async def _unix_socket(path: Path | None, home: Path) -> AsyncGenerator[ServeClients]:
    from functools import partial

    from codex_trio.transport.socket_path import SocketRefused, bound_socket, default_socket_path
    from codex_trio.transport.unix_socket import serve_unix_socket

    try:
        async with bound_socket((path or default_socket_path(home)).absolute()) as listening:
            yield lambda app: serve_unix_socket(listening, partial(app.serve, remote=False))
    except SocketRefused as refused:
        raise UsageError(str(refused)) from refused

"""What `--listen` opens: the place is taken first, clients are served once the app is there.

Owns the choice of transport. Does not own the transports nor the app.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from codex_trio.cli.options import UsageError
from codex_trio.transport.listen import (
    ListenAddress,
    ListenRefused,
    NoAddress,
    StdioAddress,
    UnixAddress,
    WebsocketAddress,
)
from codex_trio.transport.stdio import open_process_stdio

if TYPE_CHECKING:
    from codex_trio.server.app import App
    from codex_trio.transport.ws_auth import AuthenticatorLoader

# Only stdio's client is known to be at hand: it started the server. Whoever comes to a socket counts as remote, also
# from this machine, where other users and forwarded ports are.
ServeClients: TypeAlias = "Callable[[App], Awaitable[None]]"
"""Serves clients with an app: stdio until its one client is gone, the others until they are cancelled."""


@asynccontextmanager
async def open_listener(
    address: ListenAddress, *, authentication: AuthenticatorLoader | None, home: Path
) -> AsyncGenerator[ServeClients]:
    """Take the place where clients come from, until the block ends.

    Args:
        address: the place.
        authentication: what a websocket asks of its clients; the other transports ask nothing.
        home: where the default unix socket is.

    Raises:
        UsageError: the server cannot listen there.
    """
    match address:
        case StdioAddress():
            opening = _stdio()
        case UnixAddress(path):
            opening = _unix_socket(path, home)
        case WebsocketAddress():
            opening = _websocket(address, authentication)
        case NoAddress():
            raise UsageError("no transport configured; use --listen or enable remote control")
    try:
        async with opening as serve:
            yield serve
    except ListenRefused as refused:
        raise UsageError(str(refused)) from refused


def own_sockets(address: ListenAddress) -> tuple[Path, ...]:
    """Return the sockets in the file system that `address` names; the default one is known anyway."""
    return (address.path.absolute(),) if isinstance(address, UnixAddress) and address.path is not None else ()


@asynccontextmanager
async def _stdio() -> AsyncGenerator[ServeClients]:
    async with open_process_stdio() as transport:
        yield lambda app: app.serve(transport, remote=False)


@asynccontextmanager
async def _unix_socket(path: Path | None, home: Path) -> AsyncGenerator[ServeClients]:
    from functools import partial

    from codex_trio.transport.socket_path import bound_socket, default_socket_path
    from codex_trio.transport.unix_socket import serve_unix_socket

    place = (path or default_socket_path(home)).absolute()
    async with bound_socket(place) as listening:

        async def serve_clients(app: App) -> None:
            _write_lines(_title("unix socket"), _place("listening on", f"unix://{place}"))
            await serve_unix_socket(listening, partial(app.serve, remote=True))

        yield serve_clients


@asynccontextmanager
async def _websocket(
    address: WebsocketAddress, authentication: AuthenticatorLoader | None
) -> AsyncGenerator[ServeClients]:
    from functools import partial

    from codex_trio.transport.websocket import bind_websocket

    listener = await bind_websocket(address, authentication)

    async def serve_clients(app: App) -> None:
        # Clients can connect since the port was bound; from here on they are served.
        _announce(listener.address)
        await listener.run(partial(app.serve, remote=True))

    try:
        yield serve_clients
    finally:
        await listener.aclose()


def _announce(address: WebsocketAddress) -> None:
    """Tell people, and programs that asked for any free port, where to connect."""
    note = (
        "binds localhost only (use SSH port-forwarding for remote access)"
        if address.is_loopback
        else "websocket auth is required for non-localhost listeners"
    )
    places = {"listening on": "ws://{}", "readyz": "http://{}/readyz", "healthz": "http://{}/healthz"}
    _write_lines(
        _title("WebSockets"),
        *(_place(name, url.format(address)) for name, url in places.items()),
        f"  {_styled('note:', '2')} {note}",
    )


def _title(transport: str) -> str:
    return _styled(f"codex app-server ({transport})", "36;1")


def _place(name: str, url: str) -> str:
    return f"  {_styled(f'{name}:', '2')} {_styled(url, '32')}"


def _write_lines(*lines: str) -> None:
    # In one piece, for programs that read along.
    sys.stderr.write("\n".join([*lines, ""]))
    sys.stderr.flush()


def _styled(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if sys.stderr.isatty() else text

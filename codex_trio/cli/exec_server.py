"""An app-server in this very process, and a client of it.

Owns how the two are joined and come down. Called by `exec`, which knows the server by its protocol only.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import trio

from codex_trio.app import AppSettings, open_app
from codex_trio.client.connection import AppServerClient, open_client
from codex_trio.transport.base import TransportClosed
from codex_trio.transport.memory import MemoryTransport, memory_transport_pair


@asynccontextmanager
async def open_in_process_client(settings: AppSettings) -> AsyncGenerator[AppServerClient]:
    """A client of a server that lives as long as the block. At its end turns are interrupted, what they run is killed.

    Raises StartupRefused (perhaps in an exception group) and OSError like `open_app`.
    """
    server_end, client_end = memory_transport_pair()
    async with open_app(settings) as app, trio.open_nursery() as nursery:
        nursery.start_soon(partial(app.serve, server_end, remote=False))
        async with open_client(_Channel(client_end)) as client:
            yield client
        nursery.cancel_scope.cancel()


class _Channel:
    """One end of the pair as clients want it: a lost peer is Trio's error, not the server's."""

    def __init__(self, transport: MemoryTransport) -> None:
        self._transport = transport

    async def receive(self) -> bytes | None:
        try:
            return await self._transport.receive()
        except TransportClosed:
            return None

    async def send(self, message: bytes) -> None:
        try:
            await self._transport.send(message)
        except TransportClosed as closed:
            raise trio.BrokenResourceError(str(closed)) from closed

    async def aclose(self) -> None:
        await self._transport.aclose()

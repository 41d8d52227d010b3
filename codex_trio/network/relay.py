"""Bytes between two streams, both ways, as fast as the slower one takes them.

Owns how long a connection may be silent. Does not own how it came about (`http_front`, `socks_front`).
"""

from __future__ import annotations

from contextlib import suppress

import trio

IDLE_SECONDS = 900.0
"""After that long without a byte that could be passed on, a connection is taken for forgotten."""

HALF_CLOSED_SECONDS = 120.0
"""The same once one side has said all that it had to say: most often it has just gone."""

_PIECE = 1 << 16


class Relay:
    """Passes on bytes; its scope ends when nothing was for too long."""

    def __init__(self) -> None:
        self._limit = IDLE_SECONDS
        self._scope = trio.CancelScope(deadline=trio.current_time() + self._limit)

    async def run(self, client: trio.SocketStream, upstream: trio.SocketStream) -> None:
        """Pass on what both say, until both have ended."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                for source, sink in ((client, upstream), (upstream, client)):
                    nursery.start_soon(self._copy, source, sink, nursery.cancel_scope)

    async def until_end(self, source: trio.SocketStream, sink: trio.SocketStream) -> None:
        """Pass on what one says, until it has ended."""
        with self._scope as scope:
            await self._copy(source, sink, scope)

    async def _copy(self, source: trio.SocketStream, sink: trio.SocketStream, broken: trio.CancelScope) -> None:
        try:
            while data := await source.receive_some(_PIECE):
                self.note()
                await sink.send_all(data)
                self.note()
            self.half_closed()
            with suppress(OSError):
                await sink.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            broken.cancel()

    def note(self) -> None:
        """Take note that something was passed on."""
        self._scope.deadline = trio.current_time() + self._limit

    def half_closed(self) -> None:
        """Take note that one side says no more."""
        self._limit = HALF_CLOSED_SECONDS
        self.note()

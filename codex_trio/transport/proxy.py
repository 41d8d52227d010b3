"""A byte pump between two file descriptors and a server's unix socket, for clients that can only start a program.

Owns the copying and its end. Knows nothing of the bytes: the client makes the websocket handshake itself, through it.
"""

import trio

from codex_trio.transport.descriptors import Sink, Source

LAST_BYTES_SECONDS = 2.0
"""How long the server may take to end its side once the client has ended its own."""

_READ_BYTES = 64 * 1024


async def pump(source: Source, sink: Sink, server: trio.SocketStream) -> None:
    """Copy both ways until either side ends, and what the other one said before that; close nothing.

    Args:
        source: where the client's bytes come from.
        sink: where the server's bytes go. When it cannot be written to, the client is gone, and all ends.
        server: connected to the server.
    """
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_to_server, source, server, nursery.cancel_scope)
        await _to_client(server, sink)
        # The server is gone, so nothing is left to wait for; the client learns it from the end of our output.
        nursery.cancel_scope.cancel()


async def _to_server(source: Source, server: trio.SocketStream, everything: trio.CancelScope) -> None:
    try:
        while data := await source.read():
            await server.send_all(data)
        await server.send_eof()
    except (OSError, trio.BrokenResourceError):
        # One side cannot go on; what the server has said is still delivered.
        pass
    everything.deadline = trio.current_time() + LAST_BYTES_SECONDS


async def _to_client(server: trio.SocketStream, sink: Sink) -> None:
    try:
        while data := await server.receive_some(_READ_BYTES):
            with memoryview(data) as view:
                offset = 0
                while offset < len(view):
                    offset += await sink.write(view[offset:])
    except (OSError, trio.BrokenResourceError):
        return

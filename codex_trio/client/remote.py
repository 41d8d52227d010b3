"""An app-server that somebody else started, over a websocket or a unix socket.

    async with open_remote_client("ws://127.0.0.1:4500", token=token) as client:
        await client.initialize("my-orchestrator", "1.0")

Owns what a client says of a connection that ended. Does not own URLs and connecting (`transport.outbound`) or the
connection itself (`connection.AppServerClient`).
"""

import contextlib
from collections.abc import AsyncGenerator

import trio

from codex_trio.client.connection import AppServerClient, Observer, open_client
from codex_trio.client.errors import ServerGone
from codex_trio.util.plain_errors import with_plain_errors

_SETTLE_SECONDS = 1.0


@with_plain_errors
@contextlib.asynccontextmanager
async def open_remote_client(
    url: str, *, token: str | None = None, observer: Observer | None = None, refuse_unhandled: bool = True
) -> AsyncGenerator[AppServerClient]:
    """Connect to a running app-server until the block ends. The server, its threads and their turns go on after that.

    `url` is `ws://HOST:PORT`, `wss://HOST[:PORT]` or `unix://PATH`; `token` is the bearer token of the first two, as
    the server's `--ws-auth` asks for it. `observer` and `refuse_unhandled` are those of `open_client`. Raises
    `transport.outbound.ServerUrlError` for a URL that cannot be used, and `transport.outbound.CannotConnect` when
    nobody answers or the server refuses.
    """
    # Imported here because most clients spawn their server, and do without websockets.
    from codex_trio.transport.outbound import connect

    async with (
        connect(url, token=token) as transport,
        open_client(transport, observer=observer, refuse_unhandled=refuse_unhandled) as client,
    ):

        async def describe_end() -> ServerGone:
            # A write can fail before the close frame that says why was read.
            with trio.move_on_after(_SETTLE_SECONDS, shield=True):
                await transport.closed.wait()
            reason = transport.close_reason
            if reason is None or not reason.text:
                return ServerGone("the server closed the connection")
            return ServerGone(f"the server closed the connection: {reason.text} (code {reason.code})")

        client.describe_end = describe_end
        yield client

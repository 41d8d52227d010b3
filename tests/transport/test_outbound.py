"""Connections to servers elsewhere: which URLs there are, what a refusal says, and that tokens stay secret."""

import hashlib
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
import trustme
from trio.testing import MockClock
from websocket_lab import listening

from codex_trio.client.errors import ServerGone
from codex_trio.client.remote import open_remote_client
from codex_trio.transport.outbound import CannotConnect, ServerUrlError, connect
from codex_trio.transport.socket_path import bound_socket
from codex_trio.transport.websocket_client import HANDSHAKE_SECONDS
from codex_trio.transport.websocket_connection import WebsocketConnection
from codex_trio.transport.ws_auth import CapabilityToken
from codex_trio.util.close_reason import CloseReason

TOKEN = "a-token-that-nobody-guesses"


@asynccontextmanager
async def listening_behind_tls(authority: trustme.CA) -> AsyncGenerator[str]:
    """Provide an echo behind something that ends TLS, with a certificate for `localhost`; its host and port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authenticator = CapabilityToken(hashlib.sha256(TOKEN.encode()).digest())
    async with listening(authenticator=authenticator) as address, trio.open_nursery() as nursery:
        host, port = str(address).rsplit(":", 1)

        async def pump(source: trio.abc.ReceiveStream, sink: trio.abc.SendStream) -> None:
            async for data in source:
                await sink.send_all(data)
            await sink.aclose()

        async def end_tls(client: trio.SSLStream[trio.SocketStream]) -> None:
            try:
                async with await trio.open_tcp_stream(host, int(port)) as server, client, trio.open_nursery() as pumps:
                    pumps.start_soon(pump, client, server)
                    pumps.start_soon(pump, server, client)
            except* (trio.BrokenResourceError, trio.ClosedResourceError):
                pass  # One side has had enough.

        serve = partial(trio.serve_ssl_over_tcp, end_tls, 0, context, host="127.0.0.1", https_compatible=True)
        [listener] = await nursery.start(serve)
        yield f"localhost:{listener.transport_listener.socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://127.0.0.1:1", r"unsupported server URL `http://127\.0\.0\.1:1`; expected `ws://HOST:PORT`"),
        ("127.0.0.1:1", "unsupported server URL"),
        ("unix://", "`unix://` needs the path of a socket"),
        ("ws://", "it has no host"),
        ("ws://host:port", "invalid server URL `ws://host:port`"),
        ("ws://host:70000", "invalid server URL"),
        ("ws://me:secret@host:1", "^the server URL holds credentials; give a token instead$"),
        ("ws://host:1/a b", "it holds blanks"),
        ("WS://host:1/a b", "it holds blanks"),
        ("ws://host:1/#part", "it has a fragment"),
    ],
)
async def test_a_url_that_cannot_be_used_is_refused_by_its_name(url: str, text: str) -> None:
    with pytest.raises(ServerUrlError, match=text):
        async with connect(url):
            pass


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "schlüssel"])
async def test_a_token_that_no_header_can_carry_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ServerUrlError, match=r"^the bearer token holds characters that a header cannot carry, or is"):
        async with connect("ws://127.0.0.1:1", token=token):
            pass


async def test_a_token_for_a_unix_socket_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ServerUrlError, match="of no use on a unix socket"):
        async with connect(f"unix://{tmp_path}/s", token=TOKEN):
            pass


async def test_the_right_token_lets_in_and_a_refusal_gives_the_servers_reason_but_not_the_token() -> None:
    authenticator = CapabilityToken(hashlib.sha256(TOKEN.encode()).digest())
    with trio.fail_after(10):
        async with listening(authenticator=authenticator) as address:
            async with connect(f"ws://{address}", token=TOKEN) as transport:
                await transport.send("grüß".encode())
                assert await transport.receive() == "grüß".encode()
            for token, reason in (
                (None, "missing websocket bearer token"),
                ("wrong", "invalid websocket bearer token"),
            ):
                with pytest.raises(CannotConnect) as refused:
                    async with connect(f"ws://{address}/path?and=query", token=token):
                        pass
                said = str(refused.value)
                assert said.endswith(f"HTTP status 401, {reason}")
                assert "wrong" not in said


async def test_a_server_behind_tls_is_reached_by_wss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with trio.fail_after(10):
        async with listening_behind_tls(authority) as address, connect(f"wss://{address}", token=TOKEN) as transport:
            await transport.send(b"sealed")
            assert await transport.receive() == b"sealed"


async def test_a_certificate_that_nobody_vouches_for_is_refused_and_named_as_the_reason() -> None:
    with trio.fail_after(10):
        async with listening_behind_tls(trustme.CA()) as address:
            with pytest.raises(CannotConnect, match=rf"^cannot connect to wss://{address}: .*certificate"):
                async with connect(f"wss://{address}", token=TOKEN):
                    pass


async def test_a_server_without_tls_is_told_from_one_that_is_gone() -> None:
    with trio.fail_after(10):
        async with listening() as address:
            with pytest.raises(CannotConnect, match=rf"^cannot connect to wss://{address}: there is no TLS: "):
                async with connect(f"wss://{address}"):
                    pass


async def test_a_port_that_nobody_listens_on_is_named() -> None:
    async with listening() as address:
        pass
    with trio.fail_after(10), pytest.raises(CannotConnect, match=rf"^cannot connect to ws://{address}: "):
        async with connect(f"ws://{address}"):
            pass


async def test_a_client_learns_why_the_server_closed_the_connection() -> None:
    async def turn_away(connection: WebsocketConnection) -> None:
        await connection.receive()
        await connection.aclose(CloseReason(1013, "try again tomorrow"))

    with trio.fail_after(10):
        async with listening(turn_away) as address, open_remote_client(f"ws://{address}") as client:
            with pytest.raises(ServerGone, match=r"closed the connection: try again tomorrow \(code 1013\)"):
                await client.initialize("curious", "1.0")


async def test_a_server_that_accepts_nobody_is_not_waited_for_for_ever(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with bound_socket(tmp_path / "s"):
        with trio.fail_after(10 * HANDSHAKE_SECONDS), pytest.raises(CannotConnect, match=r"failed: it took too long$"):
            async with connect(f"unix://{tmp_path}/s"):
                pass

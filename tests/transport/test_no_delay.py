"""Small messages leave at once: Nagle's algorithm is off on both ends of every TCP connection."""

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trio
import trustme
from test_outbound import TOKEN, listening_behind_tls
from websocket_lab import listening

from codex_trio.model.http import open_transport
from codex_trio.testing.model_server import open_model_server
from codex_trio.transport.outbound import connect


def no_delay(port: int) -> list[bool]:
    """Of each end of a connection to a port that this process has: whether small packets leave at once."""
    found: list[bool] = []
    for name in os.listdir("/proc/self/fd"):
        try:
            connection = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue  # No socket.
        with connection:
            if connection.family in (socket.AF_INET, socket.AF_INET6) and port in ends(connection):
                found.append(bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
    return found


def ends(connection: socket.socket) -> tuple[int, ...]:
    """Return the ports of both ends; none of what is not connected."""
    try:
        return connection.getsockname()[1], connection.getpeername()[1]
    except OSError:
        return ()


async def test_websockets_do_not_delay_on_either_end() -> None:
    with trio.fail_after(20):
        async with listening() as address, connect(f"ws://{address}") as client:
            await client.send(b"hello")
            assert await client.receive() == b"hello"
            assert no_delay(address.port) == [True, True]


async def test_an_encrypted_websocket_does_not_delay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with trio.fail_after(20):
        async with listening_behind_tls(authority) as address, connect(f"wss://{address}", token=TOKEN) as client:
            await client.send(b"hello")
            assert await client.receive() == b"hello"
            assert no_delay(int(address.rpartition(":")[2])) == [True, True]


async def test_requests_to_models_do_not_delay() -> None:
    with trio.fail_after(20):
        async with open_model_server() as server, open_transport({}) as transport:
            response = await transport.post(server.base_url, headers={}, body=b"{}", idle_timeout=10)
            assert no_delay(urlsplit(server.base_url).port or 0) == [True, True]
            await response.aclose(drain=False)

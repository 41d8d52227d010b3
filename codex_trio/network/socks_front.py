"""SOCKS 5, as far as a proxy of TCP connections by name needs it (RFC 1928).

Owns the handshake. Does not own the connection (`gate`) or the bytes behind it (`relay`).
"""

from __future__ import annotations

import ipaddress

import trio

from codex_trio.config.host_lists import normal_host
from codex_trio.network.gate import HostRefused, Opener
from codex_trio.network.judging import HostAttempt, RefusalKind
from codex_trio.network.relay import Relay

_VERSION = 5
_CONNECT = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
_ADDRESS_BYTES = {_IPV4: 4, _IPV6: 16}
_NO_LOGIN, _NO_WAY = 0, 0xFF
_DONE, _NOT_ALLOWED, _HOST_UNREACHABLE, _NOT_SUPPORTED, _NO_SUCH_ADDRESS = 0, 2, 4, 7, 8
_REPLIES: dict[RefusalKind, int] = {"unreachable": _HOST_UNREACHABLE}
_HANDSHAKE_SECONDS = 30.0


class _Garbage(Exception):
    """What was said is no SOCKS 5."""


async def serve_socks(client: trio.SocketStream, gate: Opener) -> None:
    """Serve one connection to its end."""
    try:
        with trio.fail_after(_HANDSHAKE_SECONDS):
            attempt = await _wanted(client)
    except (_Garbage, trio.TooSlowError):
        return
    try:
        upstream = await gate.open(attempt)
    except HostRefused as refused:
        await _reply(client, _REPLIES.get(refused.refusal.kind, _NOT_ALLOWED))
        return
    async with upstream:
        await _reply(client, _DONE)
        await Relay().run(client, upstream)


async def _wanted(client: trio.SocketStream) -> HostAttempt:
    version, count = await _exactly(client, 2)
    if version != _VERSION:
        raise _Garbage
    ways = await _exactly(client, count)
    await client.send_all(bytes((_VERSION, _NO_LOGIN if _NO_LOGIN in ways else _NO_WAY)))
    if _NO_LOGIN not in ways:
        raise _Garbage
    version, command, _, kind = await _exactly(client, 4)
    if version != _VERSION:
        raise _Garbage
    if kind == _NAME:
        (length,) = await _exactly(client, 1)
        name = await _exactly(client, length)
    elif kind in _ADDRESS_BYTES:
        name = str(ipaddress.ip_address(await _exactly(client, _ADDRESS_BYTES[kind]))).encode()
    else:
        await _reply(client, _NO_SUCH_ADDRESS)
        raise _Garbage
    port = int.from_bytes(await _exactly(client, 2))
    if command != _CONNECT:
        await _reply(client, _NOT_SUPPORTED)
        raise _Garbage
    try:
        host = normal_host(name.decode())
    except ValueError:
        host = ""
    if not host or not port:
        await _reply(client, _NO_SUCH_ADDRESS)
        raise _Garbage
    return HostAttempt(host=host, port=port, protocol="socks5_tcp")


async def _exactly(client: trio.SocketStream, count: int) -> bytes:
    """Return that many bytes and no more: what follows is not ours."""
    data = b""
    while len(data) < count:
        piece = await client.receive_some(count - len(data))
        if not piece:
            raise _Garbage
        data += piece
    return data


async def _reply(client: trio.SocketStream, code: int) -> None:
    await client.send_all(bytes((_VERSION, code, 0, _IPV4)) + bytes(6))

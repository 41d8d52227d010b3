"""HTTP for model requests: connections that are kept and shared, one POST at a time.

Owns: the connection pools.
Does not own: what its failures say (`http_failures`), addresses, headers and bodies, what an answer means, repeating
(all `client`), proxies and TLS settings (`proxies`, `tls`), compression (`inflate`).
The application opens one `HttpTransport` and passes it to every client.

The library is httpcore2, imported on first use. httpx2 on top of it would add nothing that is needed here, but half a
millisecond to each request, 25 ms to the first, and iterators that are left to the garbage collector when a stream is
left early.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import trio

from codex_trio.model.http_failures import (
    HttpFailure,
    SetupFailure,
    UnreadableBody,
    UpgradeRefused,
    failure_of,
    failures,
)
from codex_trio.model.inflate import ACCEPTED, InflateError, Inflater, inflater_for
from codex_trio.model.provider_error import ProviderError, bounded, quoted
from codex_trio.model.proxies import UnusableProxy, on_the_way, proxy_for
from codex_trio.util.addresses import credentials_in, without_credentials
from codex_trio.util.bell import Bell

if TYPE_CHECKING:
    import httpcore2

CONNECT_TIMEOUT = 30.0
"""Seconds for a connection to stand, TLS included."""

KEEP_ALIVE = 120.0
"""Seconds that an unused connection is kept: tools run between the requests of a turn."""

_SWITCHES = 101
_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "DELETE", "CONNECT", "TRACE")
_MAX_IDLE_CONNECTIONS = 32
_REQUESTS_IN_A_POOL = 32
_CLOSE_TIMEOUT = 2.0
_DRAIN_TIMEOUT = 0.05
_ERROR_BODY_TIMEOUT = 10.0
_MAX_ERROR_BODY = 1 << 20
_PIECE_BYTES = 1 << 18
_MAX_AHEAD = 1 << 20
"""Bytes that may be read before they are asked for; then the provider has to wait."""


class _Pieces:
    """A long body piece by piece: each is copied, and encrypted, with the loop held."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._sent = 0

    def __aiter__(self) -> _Pieces:
        return self

    async def __anext__(self) -> bytes:
        piece = self._body[self._sent : self._sent + _PIECE_BYTES]
        if not piece:
            raise StopAsyncIteration
        self._sent += len(piece)
        return piece


class HttpResponse:
    """The answer to a request; its body comes with `receive`. Header names are in lower case.

    A task of its own reads ahead. The library hands out one HTTP chunk at a time, and providers send a chunk for each
    word: whoever asks next gets all that one network read has brought.
    """

    def __init__(
        self, response: httpcore2.Response, nursery: trio.Nursery, give_back: Callable[[], Awaitable[None]]
    ) -> None:
        """`give_back` is for when the response was closed."""
        self._give_back = give_back
        self._is_given_back = False
        self.status = response.status
        self.headers: Mapping[str, str] = _decoded(response.headers)
        self.header_list = [
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers
        ]
        """The same in order, each by itself."""
        self._response = response
        self._chunks = response.aiter_stream()
        self._parts: list[bytes] = []
        self._size = 0
        self._error: Exception | None = None
        self._news = Bell()
        self._room = Bell()
        self._reading = trio.CancelScope()
        self._ended = trio.Event()
        self._inflater: Inflater | None = inflater_for(self.headers.get("content-encoding", ""))
        nursery.start_soon(self._read_ahead)

    @property
    def is_inflated(self) -> bool:
        """Whether the body comes with the compression undone that its headers speak of."""
        return self._inflater is not None

    async def receive(self) -> bytes | None:
        """Return all bytes that have come since the last call, at least one; None at the end. Raises HttpFailure."""
        if self._inflater is None:
            return await self._receive()
        await trio.lowlevel.checkpoint()
        try:
            while True:
                if inflated := self._inflater.take():
                    return inflated
                received = await self._receive()
                if received is None:
                    return None
                self._inflater.feed(received)
        except InflateError as error:
            raise UnreadableBody(str(error)) from error

    async def _receive(self) -> bytes | None:
        while not self._parts and not self._ended.is_set():
            await self._news.wait()
        if self._parts:
            received = b"".join(self._parts)
            self._parts.clear()
            self._size = 0
            self._room.ring()
            return received
        if self._error is not None:
            failure = failure_of(self._error)
            raise self._error if failure is None else failure from self._error
        return None

    async def receive_error_body(self) -> bytes:
        """Return what a refusal says, as much of it as comes: it is only for a message."""
        body = bytearray()
        with contextlib.suppress(HttpFailure), trio.move_on_after(_ERROR_BODY_TIMEOUT):
            while len(body) < _MAX_ERROR_BODY and (chunk := await self.receive()) is not None:
                body += chunk
        return bytes(body)

    async def aclose(self, *, drain: bool) -> None:
        """Give the connection back; with `drain`, first waits a moment for the body's end, so that it can be kept."""
        if drain:
            with trio.move_on_after(_DRAIN_TIMEOUT):
                await self._ended.wait()
        self._reading.cancel()
        with trio.CancelScope(shield=True, deadline=trio.current_time() + _CLOSE_TIMEOUT):
            await self._ended.wait()
            try:
                await self._chunks.aclose()
                await self._response.aclose()
            finally:
                if not self._is_given_back:
                    self._is_given_back = True
                    await self._give_back()

    async def _read_ahead(self) -> None:
        try:
            with self._reading:
                async for chunk in self._chunks:
                    self._parts.append(chunk)
                    self._size += len(chunk)
                    self._news.ring()
                    while self._size > _MAX_AHEAD:
                        await self._room.wait()
        except Exception as error:
            self._error = error
        finally:
            self._ended.set()
            self._news.ring()


class Upgraded:
    """A connection whose server has agreed to speak another protocol on it. Header names are in lower case."""

    def __init__(self, response: httpcore2.Response, give_back: Callable[[], Awaitable[None]]) -> None:
        self.headers = _decoded(response.headers)
        self._response = response
        self._stream = cast("httpcore2.AsyncNetworkStream", _extension(response, "network_stream"))
        self._give_back: Callable[[], Awaitable[None]] | None = give_back

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises HttpFailure."""
        with failures():
            await self._stream.write(data)

    async def receive(self, most: int) -> bytes:
        """Return what comes next, at least a byte. Raises HttpFailure, at the end too."""
        with failures():
            data = await self._stream.read(most)
        if not data:
            raise HttpFailure("the connection was closed")
        return data

    async def aclose(self) -> None:
        """Close the connection."""
        give_back, self._give_back = self._give_back, None
        if give_back is None:
            return
        with trio.CancelScope(shield=True, deadline=trio.current_time() + _CLOSE_TIMEOUT):
            try:
                with contextlib.suppress(HttpFailure), failures():
                    await self._stream.aclose()
                    await self._response.aclose()
            finally:
                await give_back()


class _Pool:
    """A pool of the library, with the number of requests that are under way in it."""

    def __init__(self, connections: httpcore2.AsyncConnectionPool) -> None:
        self.connections = connections
        self.under_way = 0


class _Pools:
    """Pools for the same kind of connection: one, and more while there are many requests at once.

    The library looks at every connection of a pool whenever a request begins or ends.
    """

    def __init__(self, make: Callable[[], httpcore2.AsyncConnectionPool]) -> None:
        self._make = make
        self._pools = [_Pool(make())]

    def take(self) -> _Pool:
        """Return the pool for one more request, the first that has room: it is the one with kept connections."""
        for pool in self._pools:
            if pool.under_way < _REQUESTS_IN_A_POOL:
                break
        else:
            pool = _Pool(self._make())
            self._pools.append(pool)
        pool.under_way += 1
        return pool

    async def give_back(self, pool: _Pool) -> None:
        """Give a pool back at the end of a request. One that is wanted no more is closed, but for the first."""
        pool.under_way -= 1
        if not pool.under_way and pool is not self._pools[0] and pool in self._pools:
            self._pools.remove(pool)
            await pool.connections.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools:
            await pool.connections.aclose()


class HttpTransport:
    """Sends requests over kept connections. Made by `open_transport`; shared by all clients."""

    def __init__(self, environ: Mapping[str, str], nursery: trio.Nursery) -> None:
        self._environ = environ
        self._nursery = nursery
        self._pools: dict[tuple[bool, str | None], _Pools] = {}
        self._making = trio.Lock()

    def start_soon(self, work: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        """Do something as long as connections are kept."""
        self._nursery.start_soon(work, *arguments)

    async def warm(self, url: str) -> None:
        """Get ready for requests to `url`, so that the first one does not pay for it. Connects to nothing."""
        await self._pools_for(url)

    async def get(self, url: str, *, headers: Mapping[str, str], idle_timeout: float) -> HttpResponse:
        """Ask for what is at an address, and wait for the head of the answer. Raises HttpFailure."""
        sent = {"accept-encoding": ACCEPTED, **headers}
        response, give_back = await self._send("GET", url, list(sent.items()), b"", idle_timeout)
        return HttpResponse(response, self._nursery, give_back)

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes, idle_timeout: float) -> HttpResponse:
        """Send a request and wait for the head of its answer. `idle_timeout` is in seconds. Raises HttpFailure."""
        sent = {"content-length": str(len(body)), "accept-encoding": ACCEPTED, **headers}
        response, give_back = await self._send("POST", url, list(sent.items()), body, idle_timeout)
        return HttpResponse(response, self._nursery, give_back)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        idle_timeout: float = float("inf"),
    ) -> HttpResponse:
        """Send a request of any method, and wait for the head of its answer, by default for as long as it takes.

        Redirects are not followed. Raises HttpFailure.
        """
        names = {name.lower() for name, _ in headers}
        sent = list(headers)
        if body or method not in _WITHOUT_BODY:
            sent.append(("content-length", str(len(body))))
        if "accept-encoding" not in names:
            sent.append(("accept-encoding", ACCEPTED))
        response, give_back = await self._send(method, url, sent, body, idle_timeout)
        return HttpResponse(response, self._nursery, give_back)

    async def upgrade(self, url: str, *, headers: Mapping[str, str], idle_timeout: float) -> Upgraded:
        """Ask to speak another protocol. Raises HttpFailure, UpgradeRefused when the server does not want to."""
        response, give_back = await self._send("GET", url, list(headers.items()), b"", idle_timeout)
        if response.status == _SWITCHES:
            return Upgraded(response, give_back)
        refusal = HttpResponse(response, self._nursery, give_back)
        try:
            body = await refusal.receive_error_body()
        finally:
            await refusal.aclose(drain=False)
        said = ProviderError.of_body(body).message or quoted(body)
        raise UpgradeRefused(f"HTTP status {refusal.status} {bounded(said)}".rstrip(), refusal.status)

    async def _send(
        self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes, idle_timeout: float
    ) -> tuple[httpcore2.Response, Callable[[], Awaitable[None]]]:
        """Return the head of an answer, and what gives its connection back. Raises HttpFailure."""
        pools = await self._pools_for(url)
        # By now a worker thread has imported it, which takes tens of milliseconds.
        import httpcore2

        named = list(headers)
        if all(name.lower() != "host" for name, _ in headers):
            named.insert(0, ("host", urlsplit(url).netloc.rpartition("@")[2]))
        timeout = {"connect": CONNECT_TIMEOUT, "read": idle_timeout, "write": max(idle_timeout, CONNECT_TIMEOUT)}
        content = body if len(body) <= _PIECE_BYTES else _Pieces(body)
        request = httpcore2.Request(
            method, url, headers=_encoded(named), content=content, extensions={"timeout": timeout}
        )
        pool = pools.take()
        try:
            response = await pool.connections.handle_async_request(request)
        except BaseException as error:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _CLOSE_TIMEOUT):
                await pools.give_back(pool)
            failure = failure_of(error)
            if failure is None:
                raise
            raise type(failure)(f"{failure}{on_the_way(url, self._environ)}") from error
        return response, partial(pools.give_back, pool)

    async def aclose(self) -> None:
        """Close all connections."""
        pools = list(self._pools.values())
        self._pools.clear()
        for pool in pools:
            await pool.aclose()

    async def _pools_for(self, url: str) -> _Pools:
        from codex_trio.model.tls import UnusableCertificates

        try:
            proxy = proxy_for(url, self._environ)
        except UnusableProxy as error:
            raise SetupFailure(str(error)) from error
        # A proxy may itself be reached by TLS.
        secure = url.startswith("https:") or (proxy or "").startswith("https:")
        key = (secure, proxy)
        if key in self._pools:
            return self._pools[key]
        async with self._making:
            if key not in self._pools:
                # In a thread: importing and reading certificates take tens of milliseconds.
                make = partial(_make_pools, secure=secure, proxy=proxy, environ=self._environ)
                try:
                    self._pools[key] = await trio.to_thread.run_sync(make)
                except UnusableCertificates as error:
                    raise SetupFailure(str(error)) from error
            return self._pools[key]


@contextlib.asynccontextmanager
async def open_transport(environ: Mapping[str, str]) -> AsyncGenerator[HttpTransport]:
    """Provide a transport, closed at the end of the block.

    `environ` is asked for proxies (`proxies`) and certificate authorities (`tls`).
    """
    async with trio.open_nursery() as nursery:
        transport = HttpTransport(environ, nursery)
        try:
            yield transport
        finally:
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _CLOSE_TIMEOUT):
                await transport.aclose()


def _make_pools(*, secure: bool, proxy: str | None, environ: Mapping[str, str]) -> _Pools:
    import httpcore2

    from codex_trio.model.tls import no_tls, tls_context

    return _Pools(
        partial(
            httpcore2.AsyncConnectionPool,
            ssl_context=tls_context(environ) if secure else no_tls(),
            proxy=_proxy(proxy) if proxy is not None else None,
            max_connections=None,
            max_keepalive_connections=_MAX_IDLE_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE,
        )
    )


def _proxy(url: str) -> httpcore2.Proxy:
    import httpcore2

    return httpcore2.Proxy(without_credentials(url), auth=credentials_in(url))


def _extension(response: httpcore2.Response, name: str) -> Any:
    return cast("dict[str, Any]", response.extensions)[name]


def _encoded(headers: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]


def _decoded(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header by name in lower case; one that came several times has its values in a list, as HTTP allows."""
    decoded: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        decoded[name] = f"{decoded[name]}, {value}" if name in decoded else value
    return decoded

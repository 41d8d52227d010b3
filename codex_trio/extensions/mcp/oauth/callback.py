"""The way back from the browser: a listener on this machine that waits for one request.

Owns the listener, and what the user reads in the browser. Does not own what came back (`flow`).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import h11
import trio

from codex_trio.extensions.mcp.oauth.flow import AnotherLogin
from codex_trio.extensions.mcp.oauth.web import OAuthFailure

_MOST_CONNECTIONS = 16
_SECONDS = 10.0
_MAX_HEAD = 16 << 10
_DONE = "Authentication complete. You may close this window."


LOOPBACK = "http://127.0.0.1"
"""The address of the listener without its port, which login servers let differ (RFC 8252, 7.3)."""

Judge = Callable[[Mapping[str, str]], str]
"""Returns the code in what a browser came back with. Raises OAuthFailure, AnotherLogin too."""


def usual_path(name: str, url: str) -> str:
    """Return the path for logins to a server: always the same, so that it can be registered beforehand."""
    digest = hashlib.sha256(f"{name}\n{url}".encode()).digest()
    return f"/callback/{base64.urlsafe_b64encode(digest[:9]).decode()}"


class Callback:
    """Waits for the browser, as soon as it knows how to judge what that comes back with."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self._path = path
        self._judge: Judge | None = None
        self._open = trio.CapacityLimiter(_MOST_CONNECTIONS)
        self._came = trio.Event()
        self._code: str | None = None
        self._failure: OAuthFailure | None = None

    async def code(self, judge: Judge) -> str:
        """Wait for the code. Raises OAuthFailure when something else came."""
        self._judge = judge
        await self._came.wait()
        if self._failure is not None:
            raise self._failure
        assert self._code is not None
        return self._code

    def take(self, address: str) -> None:
        """Take the address that a browser was sent to, as its user has copied it. Raises OAuthFailure for another."""
        try:
            told = self._judged(address)
        except ValueError:
            told = None
        if told is None:
            raise OAuthFailure("this is not the address that the login leads back to")
        self._came.set()

    def _judged(self, address: str) -> str | None:
        """Note what a browser came back with; what to tell its user, or None where another address was meant.

        Raises AnotherLogin.
        """
        parts = urlsplit(address)
        if parts.path != self._path or self._judge is None:
            return None
        if self._code is None and self._failure is None:
            try:
                self._code = self._judge(dict(parse_qsl(parts.query, keep_blank_values=True)))
            except AnotherLogin:
                raise
            except OAuthFailure as failure:
                self._failure = failure
        return _DONE if self._failure is None else f"The login failed: {self._failure}"

    async def handle(self, stream: trio.SocketStream) -> None:
        """Answer one connection."""
        async with stream:
            try:
                self._open.acquire_nowait()
            except trio.WouldBlock:
                return
            try:
                with trio.move_on_after(_SECONDS):
                    await self._answer(stream)
            except (trio.BrokenResourceError, trio.ClosedResourceError, h11.ProtocolError, ValueError):
                # A browser that went away, or something that is none.
                return
            finally:
                self._open.release()
                # Not before: the login goes on when its user was told.
                if self._code is not None or self._failure is not None:
                    self._came.set()

    async def _answer(self, stream: trio.SocketStream) -> None:
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD)
        while (event := http.next_event()) is h11.NEED_DATA:
            http.receive_data(await stream.receive_some(4096))
        if not isinstance(event, h11.Request):
            return
        told, is_other = None, False
        try:
            told = self._judged(event.target.decode("ascii")) if event.method == b"GET" else None
        except AnotherLogin as failure:
            told, is_other = f"The login still waits: {failure}", True
        body = (told or "Not found").encode()
        headers = [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        status = 404 if told is None else 400 if is_other or self._failure is not None else 200
        sent = http.send(h11.Response(status_code=status, headers=headers)) or b""
        sent += http.send(h11.Data(data=body)) or b""
        await stream.send_all(sent)


@asynccontextmanager
async def open_callback(*, port: int, path: str) -> AsyncGenerator[Callback]:
    """Listen on this machine, on any port for 0, until the block ends. Raises OAuthFailure where that cannot be."""
    try:
        [listener] = await trio.open_tcp_listeners(port, host="127.0.0.1")
    except OSError as error:
        raise OAuthFailure(f"nothing can listen for the browser on port {port}: {error.strerror}") from error
    callback = Callback(listener.socket.getsockname()[1], path)
    failure: OAuthFailure | None = None
    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, callback.handle, [listener])
        try:
            yield callback
        except OAuthFailure as error:
            # Not in a group: whoever logs in waits for this one.
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure

"""HTTP requests that an exec-server makes from its machine, for its client.

Owns what may be asked for, redirects, and the pieces that an answer is told in. Does not own connections, proxies and
certificates (`model.http`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec
import trio

from codex_trio.environments import exec_protocol as wire
from codex_trio.exec_server.begun import Begun
from codex_trio.exec_server.errors import internal_error, invalid_params
from codex_trio.exec_server.session import ServedSession
from codex_trio.model.http import HttpResponse, HttpTransport
from codex_trio.model.http_failures import HttpFailure
from codex_trio.util.addresses import credentials_in, without_credentials
from codex_trio.util.base64_text import NotBase64, decode_base64

MAX_BODY_BYTES = 64 * 1024 * 1024
"""What the body of an answer may have that is not streamed."""

MAX_STREAMS = 64
"""How many answers a connection has coming at once."""

MAX_REDIRECTS = 10

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_URL = re.compile(r"[\x21-\x7e]+")
_MOVED = (301, 302, 303)
_REDIRECTS = (*_MOVED, 307, 308)
_SECRETS = frozenset({"authorization", "cookie", "cookie2", "proxy-authorization", "www-authenticate"})
"""Headers that are for no other server than the one that is asked for."""

_OF_BODIES = frozenset({"content-encoding", "content-length", "content-type", "transfer-encoding"})
_PIECE_BYTES = 64 * 1024


class _Request(msgspec.Struct, kw_only=True):
    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes
    follows: bool


class ServedRequests:
    """`nursery` ends with the connection; `notify` tells its client."""

    def __init__(
        self,
        transport: HttpTransport,
        environ: Mapping[str, str],
        nursery: trio.Nursery,
        notify: Callable[[str, msgspec.Struct], Awaitable[None]],
    ) -> None:
        self._transport = transport
        self._environ = environ
        self._nursery = nursery
        self._notify = notify
        self._streams: set[str] = set()

    async def request(self, params: wire.HttpRequestParams, _session: ServedSession) -> msgspec.Struct | Begun:
        """Make a request, and return its answer, or the head of it where the body is streamed."""
        request = _checked(params, self._environ)
        seconds = float("inf") if params.timeout_ms is None else params.timeout_ms / 1000
        deadline = trio.current_time() + seconds
        if params.stream_response:
            return await self._begin(request, params.request_id, deadline)
        with trio.CancelScope(deadline=deadline):
            response = await self._send(request)
            try:
                body = await _whole(response)
            finally:
                await response.aclose(drain=True)
            text = await trio.to_thread.run_sync(_encoded, body, abandon_on_cancel=True)
            return wire.HttpRequestResult(status=response.status, headers=_told(response), body_base64=text)
        raise _too_slow(seconds)

    async def _begin(self, request: _Request, request_id: str, deadline: float) -> Begun:
        if request_id in self._streams:
            raise invalid_params(f"http/request streamResponse requestId `{request_id}` is already active")
        if len(self._streams) >= MAX_STREAMS:
            raise invalid_params(f"at most {MAX_STREAMS} http/request streams may be active per connection")
        self._streams.add(request_id)
        answered = trio.Event()
        seconds = deadline - trio.current_time()
        try:
            with trio.CancelScope(deadline=deadline):
                response = await self._send(request)
                self._nursery.start_soon(self._stream, response, request_id, deadline, answered)
                return Begun(wire.HttpRequestResult(status=response.status, headers=_told(response)), answered)
        except BaseException:
            self._streams.discard(request_id)
            raise
        self._streams.discard(request_id)
        raise _too_slow(seconds)

    async def _stream(self, response: HttpResponse, request_id: str, deadline: float, answered: trio.Event) -> None:
        """Tell the body, no faster than the client reads."""
        seq = 0
        problem: str | None = None

        async def tell(data: bytes, *, done: bool = False) -> None:
            nonlocal seq
            seq += 1
            delta = wire.HttpBodyDelta(
                request_id=request_id, seq=seq, delta_base64=_encoded(data), done=done, error=problem
            )
            await self._notify("http/request/bodyDelta", delta)

        try:
            await answered.wait()
            with trio.CancelScope(deadline=deadline) as scope:
                try:
                    while (data := await response.receive()) is not None:
                        for start in range(0, len(data), _PIECE_BYTES):
                            await tell(data[start : start + _PIECE_BYTES])
                except HttpFailure as error:
                    problem = f"the response body broke off: {error}"
            if scope.cancelled_caught:
                problem = "the request timed out"
            await response.aclose(drain=False)
            self._streams.discard(request_id)
            await tell(b"", done=True)
        finally:
            self._streams.discard(request_id)
            await response.aclose(drain=False)

    async def _send(self, request: _Request) -> HttpResponse:
        """Return the head of an answer, that of the last redirect. Raises RequestRefused."""
        for _ in range(MAX_REDIRECTS + 1):
            try:
                response = await self._transport.request(
                    request.method, request.url, headers=request.headers, body=request.body
                )
            except HttpFailure as error:
                raise internal_error(f"http/request failed: {error}") from error
            location = response.headers.get("location")
            if not request.follows or response.status not in _REDIRECTS or location is None:
                return response
            await response.aclose(drain=True)
            try:
                request = _redirected(request, response.status, location)
            except ValueError as error:
                raise internal_error(f"http/request failed: cannot follow a redirect: {error}") from error
        raise internal_error("http/request failed: too many redirects")


def _checked(params: wire.HttpRequestParams, environ: Mapping[str, str]) -> _Request:
    """Return what is to be sent. Raises RequestRefused."""
    if not _TOKEN.fullmatch(params.method):
        raise invalid_params("http/request method is invalid: invalid HTTP method")
    try:
        parts = _split(params.url)
        name_and_password = credentials_in(params.url)
        url = without_credentials(params.url)
    except ValueError as error:
        raise invalid_params(f"http/request url is invalid: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise invalid_params(f"http/request only supports http and https URLs, got {parts.scheme}")
    headers = [_header(header, environ) for header in params.headers]
    names = {name.lower() for name, _ in headers}
    if name_and_password is not None and "authorization" not in names:
        joined = ":".join(name_and_password).encode()
        headers.append(("authorization", f"Basic {base64.b64encode(joined).decode('ascii')}"))
    if "accept" not in names:
        headers.append(("accept", "*/*"))
    try:
        body = b"" if params.body_base64 is None else decode_base64(params.body_base64)
    except NotBase64 as error:
        raise invalid_params(f"http/request bodyBase64: {error}") from error
    # Its length is what it is.
    kept = [(name, value) for name, value in headers if name.lower() not in ("content-length", "transfer-encoding")]
    follows = params.redirect_policy == "follow"
    return _Request(method=params.method, url=url, headers=kept, body=body, follows=follows)


def _header(header: wire.HttpRequestHeader, environ: Mapping[str, str]) -> tuple[str, str]:
    name, value = header.name, header.value
    if not _TOKEN.fullmatch(name):
        raise invalid_params("http/request header name is invalid: invalid HTTP header name")
    if header.value_env_var is not None:
        if header.value_env_var not in environ:
            missing = f"requires executor environment variable {header.value_env_var}"
            raise invalid_params(f"http/request header {name} {missing}")
        value += environ[header.value_env_var]
    if not _HEADER_VALUE.fullmatch(value):
        raise invalid_params(f"http/request header value is invalid for {name}: failed to parse header value")
    return name, value


def _split(url: str) -> SplitResult:
    """Return the parts of an absolute URL. Raises ValueError."""
    if not _URL.fullmatch(url):
        raise ValueError("it must be of visible ASCII characters")
    parts = urlsplit(url)
    if not parts.scheme:
        raise ValueError("relative URL without a base")
    if parts.scheme in ("http", "https"):
        if not parts.hostname:
            raise ValueError("empty host")
        # Read here, so that one that is none is refused here.
        _ = parts.port
    return parts


def _redirected(request: _Request, status: int, location: str) -> _Request:
    """Return the request that a redirect asks for. Raises ValueError."""
    url = urljoin(request.url, location)
    before, after = _split(request.url), _split(url)
    if after.scheme not in ("http", "https"):
        raise ValueError(f"it leads to a URL of scheme {after.scheme}")
    dropped: frozenset[str] = frozenset()
    if (before.scheme, before.hostname, before.port) != (after.scheme, after.hostname, after.port):
        dropped |= _SECRETS
    method, body = request.method, request.body
    if status in _MOVED and method not in ("GET", "HEAD"):
        method, body, dropped = "GET", b"", dropped | _OF_BODIES
    headers = [(name, value) for name, value in request.headers if name.lower() not in {*dropped, "host"}]
    return _Request(method=method, url=without_credentials(url), headers=headers, body=body, follows=True)


async def _whole(response: HttpResponse) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        while (data := await response.receive()) is not None:
            pieces.append(data)
            size += len(data)
            if size > MAX_BODY_BYTES:
                limit = f"{MAX_BODY_BYTES} bytes"
                raise internal_error(f"http/request response body has more than {limit}: ask for streamResponse")
    except HttpFailure as error:
        raise internal_error(f"failed to read http/request response body: {error}") from error
    return b"".join(pieces)


def _told(response: HttpResponse) -> list[wire.HttpHeader]:
    left_out = {"content-encoding", "content-length"} if response.is_inflated else set[str]()
    return [wire.HttpHeader(name=name, value=value) for name, value in response.header_list if name not in left_out]


def _too_slow(seconds: float) -> Exception:
    return internal_error(f"http/request failed: no answer within {seconds * 1000:.0f} ms")


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

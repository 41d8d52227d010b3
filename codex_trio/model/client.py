"""The client for one model provider: a request in, a stream of events out.

Owns: sending a request, repeating it in silence while the provider has not begun to answer, and the life of its stream.
Does not own: connections (`http`), the meaning of bytes (`stream`), or repeating a response that broke off: that is the
engine's, which has to tell clients about it.

    async with client.stream(request) as response:
        async for events in response:
            ...

Everything that goes wrong is a `ModelError`, from entering the block or from the loop. Leaving the block early, by a
cancellation too, closes the connection at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias

import msgspec
import trio

from codex_trio.config.providers import ModelProviderConfig
from codex_trio.model import aws, endpoint, failures, retry
from codex_trio.model.auth_command import CommandKey
from codex_trio.model.aws_login import AwsLogin, TellRenewal
from codex_trio.model.aws_signature import AwsKeys
from codex_trio.model.catalog import CatalogSource
from codex_trio.model.errors import ModelError
from codex_trio.model.events import FellBack, ModelEvent
from codex_trio.model.http import HttpResponse, HttpTransport
from codex_trio.model.http_failures import ConnectFailure, HttpFailure, IdleTimeout, SetupFailure, UnreadableBody
from codex_trio.model.request import ModelRequest, encode_headers, encoded_body
from codex_trio.model.sockets import ModelSockets, SocketResponse, SocketUnusable
from codex_trio.model.stream import ResponseParser
from codex_trio.util.zstd import zstd_library

MAX_REDIRECTS = 5
"""A request is sent on from one address to the next this many times at most."""

_UNAUTHORIZED = 401
_UNSUPPORTED_MEDIA = 415
_REPEATED_ELSEWHERE = frozenset({307, 308})
_IDLE = "idle timeout waiting for SSE"
_BROKEN_BODY = "Transport error: network error: error decoding response body"


class _Response(Protocol):
    """What is read of a response, whichever way it comes."""

    headers: Mapping[str, str]

    async def receive(self) -> bytes | None: ...

    async def aclose(self, *, drain: bool) -> None: ...


_MODELS_VERSION = "x-models-etag"
"""The header by which a provider says which version of its models is the latest."""


Attest: TypeAlias = Callable[[str], Awaitable[str | None]]
"""Returns what a client of a thread says to attest itself."""


class _Answer(NamedTuple):
    response: _Response
    notices: tuple[ModelEvent, ...] = ()


class ModelStream:
    """The events of a response in batches, each what one network read brought. It ends after `Completed`."""

    def __init__(self, answer: _Answer, *, idle_timeout: float) -> None:
        response = answer.response
        self.headers = response.headers
        """The response's headers, names in lower case."""
        self.completed = False
        """Whether `Completed` was read."""
        self._response = response
        self._idle_timeout = idle_timeout
        self._reader = ResponseParser()
        self._first: list[ModelEvent] | None = [*answer.notices, *self._reader.begin(response.headers)]
        self._last_event = trio.current_time()

    def __aiter__(self) -> ModelStream:
        return self

    async def __anext__(self) -> list[ModelEvent]:
        """Return the next batch, never empty. Raises ModelError when the response fails or breaks off."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        reader = self._reader
        while True:
            if reader.error is not None:
                raise reader.error
            if reader.completed:
                self.completed = True
                raise StopAsyncIteration
            chunk = await self._receive()
            if reader.is_long(chunk):
                events = await trio.to_thread.run_sync(self._read, chunk)
            else:
                events = self._read(chunk)
            if chunk is not None:
                self._note_time()
            if events:
                self.completed = reader.completed
                return events

    def _read(self, chunk: bytes | None) -> list[ModelEvent]:
        return self._reader.end() if chunk is None else self._reader.feed(chunk)

    def _note_time(self) -> None:
        now = trio.current_time()
        if self._reader.saw_event:
            self._last_event = now
        elif now - self._last_event > self._idle_timeout:
            # Comments keep the connection busy, but nothing comes of it.
            raise self._reader.broken_off(_IDLE)

    async def _receive(self) -> bytes | None:
        try:
            return await self._response.receive()
        except IdleTimeout:
            raise self._reader.broken_off(_IDLE) from None
        except UnreadableBody as error:
            raise ModelError(f"the provider's answer cannot be read: {error}") from error
        except HttpFailure as error:
            raise self._reader.broken_off(_BROKEN_BODY) from error


class ResponsesClient:
    """Asks one provider for responses. Cheap to make, and without state of its own; share the transport instead."""

    def __init__(
        self,
        provider: ModelProviderConfig,
        transport: HttpTransport,
        *,
        api_key: str | None,
        environ: Mapping[str, str],
        command_key: CommandKey | None = None,
        aws_login: AwsLogin | None = None,
        sockets: ModelSockets | None = None,
        models: CatalogSource | None = None,
        attest: Attest | None = None,
        compresses: bool = False,
    ) -> None:
        """`api_key`, or what a command gives, is sent as a bearer token; `aws_login` is for a provider whose session
        with AWS commands give. `environ` is for the provider's
        `env_http_headers` only. `sockets` are for a provider that has websockets, `models` for one that is asked for
        its models, `attest` for one that wants clients attested. Where it `compresses`, bodies go out in zstd.
        """
        self.provider = provider
        self._transport = transport
        self._api_key = api_key
        self._environ = environ
        self._command_key = command_key
        self._aws_login = aws_login
        self._models = models
        self._attest = attest
        self._compresses = compresses
        self._sockets = sockets if provider.supports_websockets else None

    async def warm(self) -> None:
        """Prepare for the first request without sending anything; problems are left for the request to report."""
        if self.provider.base_url:
            with contextlib.suppress(HttpFailure, ValueError, OSError):
                await self._transport.warm(self.provider.base_url)

    def can_prewarm(self, thread_id: str) -> bool:
        """Return whether a thread's requests go by a websocket that takes requests without a response."""
        return self._sockets is not None and self._aws_login is None and self._sockets.serves(thread_id)

    async def prewarm(self, request: ModelRequest) -> None:
        """Have the provider know what the thread's next request begins with; one that comes meanwhile ends this.

        Problems are left for that request to report.
        """
        sockets, thread_id = self._sockets, request.headers.thread_id
        assert sockets is not None
        assert thread_id is not None
        request = msgspec.structs.replace(request, generates=False)
        idle_timeout = self.provider.stream_idle_timeout_ms / 1000
        with sockets.prewarming(thread_id), contextlib.suppress(ModelError, HttpFailure):
            key = self._api_key if self._command_key is None else await self._command_key.current()
            target = endpoint.resolve(self.provider, api_key=key, environ=self._environ)
            response = await self._on_socket(sockets.prewarm, thread_id, target, request, idle_timeout)
            stream = ModelStream(_Answer(response), idle_timeout=idle_timeout)
            try:
                async for _ in stream:
                    pass
            finally:
                await response.aclose(drain=stream.completed)

    @contextlib.asynccontextmanager
    async def stream(
        self, request: ModelRequest, *, tell_renewal: TellRenewal | None = None
    ) -> AsyncGenerator[ModelStream]:
        """Send a request; the block gets its response. Raises ModelError when there is none.

        `tell_renewal` hears of a session that is renewed on the way, which may take the user.
        """
        idle_timeout = self.provider.stream_idle_timeout_ms / 1000
        if self._aws_login is None:
            answer = await self._send(request, idle_timeout)
        else:
            answer = await self._send_logged_in(self._aws_login, request, idle_timeout, tell_renewal)
        if self._models is not None and (version := answer.response.headers.get(_MODELS_VERSION)):
            self._models.named(version)
        stream = ModelStream(answer, idle_timeout=idle_timeout)
        try:
            yield stream
        finally:
            await answer.response.aclose(drain=stream.completed)

    async def _send(self, request: ModelRequest, idle_timeout: float) -> _Answer:
        if self._command_key is None:
            return await self._send_with(self._api_key, request, idle_timeout)
        key = await self._command_key.current()
        try:
            return await self._send_with(key, request, idle_timeout)
        except ModelError as error:
            if error.http_status != _UNAUTHORIZED:
                raise
            newer = await self._command_key.after_refusal(key)
        return await self._send_with(newer, request, idle_timeout)

    async def _send_logged_in(
        self, login: AwsLogin, request: ModelRequest, idle_timeout: float, tell: TellRenewal | None
    ) -> _Answer:
        since = login.renewals
        try:
            return await self._send_with(self._api_key, request, idle_timeout, aws_keys=await login.keys())
        except ModelError as error:
            if not login.may_help(error):
                raise
        await login.renew(since=since, tell=tell)
        return await self._send_with(self._api_key, request, idle_timeout, aws_keys=await login.keys())

    async def _send_with(
        self, key: str | None, request: ModelRequest, idle_timeout: float, *, aws_keys: AwsKeys | None = None
    ) -> _Answer:
        target = endpoint.resolve(self.provider, api_key=key, environ=self._environ, aws_keys=aws_keys)
        sockets, thread_id = self._sockets, request.headers.thread_id
        if sockets is None or thread_id is None or not sockets.serves(thread_id):
            return _Answer(await self._send_plainly(target, request, idle_timeout))
        try:
            return _Answer(await self._on_socket(sockets.ask, thread_id, target, request, idle_timeout))
        except SocketUnusable as error:
            notices = (FellBack(str(error)),) if error.is_worth_telling else ()
        return _Answer(await self._send_plainly(target, request, idle_timeout), notices)

    async def _on_socket(
        self,
        send: Callable[..., Awaitable[SocketResponse]],
        thread_id: str,
        target: endpoint.Endpoint,
        request: ModelRequest,
        idle_timeout: float,
    ) -> SocketResponse:
        return await send(
            thread_id,
            target,
            request,
            idle_timeout=idle_timeout,
            connect_timeout=self.provider.websocket_connect_timeout_ms / 1000,
            attested=partial(self._attested, request),
        )

    async def _send_plainly(
        self, target: endpoint.Endpoint, request: ModelRequest, idle_timeout: float
    ) -> HttpResponse:
        headers, body = await self._encoded(request)
        attempt = 0
        while True:
            attempt += 1
            outcome = await self._send_once(target, headers, body, idle_timeout)
            if isinstance(outcome, HttpResponse):
                return outcome
            error, may_repeat = outcome
            if error.http_status == _UNSUPPORTED_MEDIA and headers.pop("content-encoding", None):
                # Something on the way takes no zstd.
                body = await encoded_body(request)
                continue
            if not may_repeat or attempt > self.provider.request_max_retries:
                raise error
            await trio.sleep(retry.stream_delay(attempt, error))

    async def _encoded(self, request: ModelRequest) -> tuple[dict[str, str], bytes]:
        headers = {**encode_headers(request.headers), **await self._attested(request)}
        body = await encoded_body(request)
        if self._compresses:
            headers["content-encoding"] = "zstd"
            body = await trio.to_thread.run_sync(zstd_library().compress, body)
        return headers, body

    async def _attested(self, request: ModelRequest) -> dict[str, str]:
        """Return the header with what a client says to attest itself, where one is wanted and there is one."""
        if self._attest is None or request.headers.thread_id is None:
            return {}
        attested = await self._attest(request.headers.thread_id)
        return {} if attested is None else {"x-oai-attestation": attested}

    async def _send_once(
        self, target: endpoint.Endpoint, headers: Mapping[str, str], body: bytes, idle_timeout: float
    ) -> HttpResponse | tuple[ModelError, bool]:
        """Return a response to read, or what went wrong and whether the same request may be sent again in silence."""
        for _ in range(MAX_REDIRECTS):
            response = await self._post(target, headers, body, idle_timeout)
            if not isinstance(response, HttpResponse):
                return response
            location = response.headers.get("location", "")
            if response.status not in _REPEATED_ELSEWHERE or not location:
                break
            elsewhere = target.redirected(location)
            if elsewhere is None:
                break
            await response.aclose(drain=True)
            target = elsewhere
        else:
            return failures.redirected_too_often(MAX_REDIRECTS, target.shown_url), False
        return await self._judged(response, target)

    async def _post(
        self, target: endpoint.Endpoint, headers: Mapping[str, str], body: bytes, idle_timeout: float
    ) -> HttpResponse | tuple[ModelError, bool]:
        headers = {**headers, **target.headers}
        if target.signer is not None:
            headers = await target.signer.sign("POST", target.url, headers, body)
        try:
            return await self._transport.post(target.url, headers=headers, body=body, idle_timeout=idle_timeout)
        except ConnectFailure as failure:
            return failures.unreachable(target.shown_url, str(failure)), False
        except SetupFailure as failure:
            return ModelError(f"error sending request for url ({target.shown_url}): {failure}"), False
        except IdleTimeout:
            return failures.disconnected(_IDLE), False
        except HttpFailure as failure:
            return failures.not_sent(target.shown_url, str(failure)), True

    async def _judged(
        self, response: HttpResponse, target: endpoint.Endpoint
    ) -> HttpResponse | tuple[ModelError, bool]:
        if 200 <= response.status < 300:
            return response
        refusal = b""
        try:
            refusal = await response.receive_error_body()
        finally:
            await response.aclose(drain=False)
        error = failures.from_http(response.status, refusal, response.headers, url=target.shown_url)
        if self.provider.aws is not None:
            aws.explain(error, refusal, response.headers, now=datetime.now(UTC))
        if target.signer is not None:
            error.is_login_expired = aws.says_expired(response.status, refusal)
        return error, response.status >= 500 and retry.is_bearable(retry.retry_after(response.headers))

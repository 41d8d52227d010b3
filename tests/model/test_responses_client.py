"""The client against providers that answer well, badly, late or not at all, over real sockets."""

import gzip
import math
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import pytest
import trio
import trio.testing
from raw_provider import COMPLETED, CREATED, DONE, delta, http, open_provider, sse, streamed
from trio.testing import MockClock

import codex_trio
from codex_trio.config.providers import ModelProviderConfig
from codex_trio.model.client import ModelStream, ResponsesClient
from codex_trio.model.errors import ModelError
from codex_trio.model.events import Completed, OutputTextDelta, RateLimits
from codex_trio.model.http import HttpTransport, open_transport
from codex_trio.model.request import ModelRequest, RequestHeaders

MakeClient = Callable[..., ResponsesClient]

REQUEST = ModelRequest(
    model="gpt-5.5",
    input=[{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Grüße"}]}],
    headers=RequestHeaders(originator="probe", thread_id="t1"),
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"


async def collect(client: ResponsesClient) -> list[Any]:
    with trio.fail_after(30):
        async with client.stream(REQUEST) as response:
            return [event async for events in response for event in events]


async def failure(client: ResponsesClient) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await collect(client)
    return caught.value


async def test_a_request_reaches_the_provider_and_its_events_the_caller(make_client: MakeClient):
    async with open_provider(streamed(CREATED, delta("Hel"), delta("lo"), COMPLETED)) as provider:
        events = await collect(make_client(provider.url, api_key="k1", http_headers={"X-A": "1"}))
    assert [event.delta for event in events if isinstance(event, OutputTextDelta)] == ["Hel", "lo"]
    assert isinstance(events[0], RateLimits)
    assert isinstance(events[-1], Completed)
    [request] = provider.requests
    assert request.target == "/v1/responses"
    assert request.body["input"] == REQUEST.input
    assert request.headers.items() >= {
        ("authorization", "Bearer k1"),
        ("accept", "text/event-stream"),
        ("content-type", "application/json"),
        ("originator", "probe"),
        ("x-a", "1"),
    }


async def test_pictures_of_many_megabytes_reach_the_provider_as_they_are(make_client: MakeClient):
    pictures = [{"type": "input_image", "image_url": "data:image/png;base64," + "A" * 1_000_000}] * 5
    request = msgspec.structs.replace(REQUEST, input=[{"type": "message", "role": "user", "content": pictures}])
    async with open_provider(DONE) as provider, make_client(provider.url).stream(request) as response:
        assert [event async for events in response for event in events]
    assert provider.requests[0].body["input"] == request.input


async def test_a_long_request_is_given_up_while_the_provider_does_not_read_it(make_client: MakeClient):
    request = msgspec.structs.replace(REQUEST, input=[{"type": "message", "role": "user", "content": "A" * 30_000_000}])
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    host, port = listener.socket.getsockname()

    async def ask() -> None:
        async with make_client(f"http://{host}:{port}").stream(request):
            pass

    with trio.fail_after(30):
        async with listener, trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            async with await listener.accept() as provider:
                assert await provider.receive_some(1000)
                await trio.testing.wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()


async def test_requests_one_after_the_other_share_a_connection(make_client: MakeClient):
    async with open_provider(DONE) as provider:
        client = make_client(provider.url)
        for _ in range(3):
            async with client.stream(REQUEST) as response:
                async for events in response:
                    if response.completed:
                        assert isinstance(events[-1], Completed)
                        break
    assert (len(provider.requests), provider.connections) == (3, 1)


async def test_many_requests_at_once_have_a_connection_each_and_leave_some_for_later(make_client: MakeClient):
    count, streaming, all_stream = 70, 0, trio.Event()

    async with open_provider(DONE) as provider:
        client = make_client(provider.url)

        async def one() -> None:
            nonlocal streaming
            async with client.stream(REQUEST) as response:
                streaming += 1
                if streaming == count:
                    all_stream.set()
                await all_stream.wait()
                events = [event async for events in response for event in events]
                assert isinstance(events[-1], Completed)

        for _ in range(2):
            streaming, all_stream = 0, trio.Event()
            with trio.fail_after(20):
                async with trio.open_nursery() as nursery:
                    for _ in range(count):
                        nursery.start_soon(one)
        before = provider.connections
        for _ in range(3):
            await collect(client)
    assert len(provider.requests) == 2 * count + 3
    assert count <= before <= 2 * count
    assert provider.connections == before, "what comes later goes over connections that were kept"


async def test_a_kept_connection_that_the_provider_closed_is_not_used_again(make_client: MakeClient):
    async def once(stream: trio.abc.Stream) -> None:
        await stream.send_all(DONE)

    async with open_provider(once) as provider:
        client = make_client(provider.url)
        for _ in range(3):
            await collect(client)
            await trio.testing.wait_all_tasks_blocked(0.02)
    assert (len(provider.requests), provider.connections) == (3, 3)


async def test_events_come_in_a_batch_for_each_network_read(make_client: MakeClient):
    more = trio.Event()

    async def in_two_parts(stream: trio.abc.Stream) -> None:
        await stream.send_all(HEAD + b"\r\n" + sse(CREATED, delta("a"), delta("b")))
        await more.wait()
        await stream.send_all(sse(delta("c"), COMPLETED))

    async with open_provider(in_two_parts) as provider, make_client(provider.url).stream(REQUEST) as response:
        with trio.fail_after(5):
            sizes = [len(await anext(response)), len(await anext(response))]
            more.set()
            sizes.append(len(await anext(response)))
            # What was only said in deltas becomes an item when the response is complete.
            assert sizes == [1, 3, 3]
            with pytest.raises(StopAsyncIteration):
                await anext(response)


@pytest.fixture
def clock() -> MockClock:
    """Stands still, but for jumps."""
    return MockClock()


class Told:
    """A provider that begins a response, and then says what it is told to say."""

    def __init__(self) -> None:
        self.say, self._said = trio.open_memory_channel[bytes](0)

    async def serve(self, stream: trio.abc.Stream) -> None:
        await stream.send_all(HEAD + b"\r\n" + sse(CREATED))
        async for data in self._said:
            await stream.send_all(data)


async def until_it_waits(seconds: float) -> None:
    """Return once the only one who waits no longer than some time, the client, does so for longer than that."""
    given_up = monotonic() + 30
    while not seconds < trio.lowlevel.current_statistics().seconds_to_next_deadline < math.inf:
        assert monotonic() < given_up
        await trio.lowlevel.checkpoint()


async def test_a_response_goes_on_for_longer_than_the_idle_timeout_if_events_come(
    make_client: MakeClient, clock: MockClock
):
    provider, events = Told(), list[Any]()

    async def read(client: ResponsesClient) -> None:
        async with client.stream(REQUEST) as response:
            async for batch in response:
                events.extend(batch)

    async with open_provider(provider.serve) as opened, trio.open_nursery() as nursery:
        nursery.start_soon(read, make_client(opened.url, stream_idle_timeout_ms=1000))
        await provider.say.send(b'data: {"type":"keepalive"}\n\n')
        for _ in range(5):
            await until_it_waits(0.95)
            clock.jump(0.9)
            await provider.say.send(b'data: {"type":"keepalive"}\n\n')
        await provider.say.send(sse(COMPLETED))
        provider.say.close()
    assert isinstance(events[-1], Completed)


@pytest.mark.parametrize("comments", [False, True])
async def test_a_silent_stream_is_given_up(make_client: MakeClient, clock: MockClock, *, comments: bool):
    provider = Told()
    async with (
        open_provider(provider.serve) as opened,
        make_client(opened.url, stream_idle_timeout_ms=1000).stream(REQUEST) as response,
    ):
        assert [len(await anext(response)), len(await anext(response))] == [1, 1]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(is_given_up, response)
            await until_it_waits(0.95)
            if comments:
                clock.jump(0.9)
                await provider.say.send(b": ping\n\n")
                await until_it_waits(0.95)
                clock.jump(0.2)
                await provider.say.send(b": ping\n\n")
            else:
                clock.jump(1.0)
            # Whoever has not given up by then hears of another reason.
            await trio.testing.wait_all_tasks_blocked()
            provider.say.close()


async def is_given_up(response: ModelStream) -> None:
    with pytest.raises(ModelError) as caught:
        await anext(response)
    assert caught.value.message == "stream disconnected before completion: idle timeout waiting for SSE"
    assert caught.value.retryable


async def test_a_provider_that_never_answers_is_given_up(make_client: MakeClient):
    async def never(stream: trio.abc.Stream) -> None:
        await stream.receive_some(1)

    async with open_provider(never) as provider:
        error = await failure(make_client(provider.url, stream_idle_timeout_ms=200, request_max_retries=3))
    assert error.message == "stream disconnected before completion: idle timeout waiting for SSE"
    assert len(provider.requests) == 1


async def test_server_errors_are_repeated_in_silence(make_client: MakeClient):
    async with open_provider(http(500), http(503, {"error": {"code": "server_is_overloaded"}}), DONE) as provider:
        events = await collect(make_client(provider.url, request_max_retries=2))
    assert isinstance(events[-1], Completed)
    first, second, third = (request.at for request in provider.requests)
    assert second - first > 0.17
    assert third - second > 0.35


async def test_repeats_end_with_the_providers_error(make_client: MakeClient):
    async with open_provider(http(500)) as provider:
        error = await failure(make_client(provider.url, request_max_retries=1))
    assert (error.info.kind, error.retryable, len(provider.requests)) == ("internalServerError", True, 2)


async def test_a_repeat_waits_as_long_as_the_provider_asks(make_client: MakeClient):
    async with open_provider(http(503, headers="retry-after: 1\r\n"), DONE) as provider:
        await collect(make_client(provider.url, request_max_retries=1))
    first, second = (request.at for request in provider.requests)
    assert second - first > 0.9


async def test_a_wait_that_is_too_long_ends_the_repeats(make_client: MakeClient):
    async with open_provider(http(503, headers="retry-after: 9999\r\n"), DONE) as provider:
        error = await failure(make_client(provider.url, request_max_retries=3))
    assert (error.retryable, len(provider.requests)) == (False, 1)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 429])
async def test_refusals_are_not_repeated_in_silence(make_client: MakeClient, status: int):
    answer = http(status, {"error": {"message": "no"}}, headers="location: /elsewhere\r\n")
    async with open_provider(answer) as provider:
        error = await failure(make_client(provider.url, request_max_retries=3))
    assert (error.http_status, len(provider.requests)) == (status, 1)
    there = f"{provider.url.removesuffix('/v1')}/elsewhere"
    hint = "if that is the right place, put its address into `base_url`"
    assert error.message.replace(provider.url, "URL") in {
        '{"error": {"message": "no"}}',
        "exceeded retry limit, last status: 429 Too Many Requests: no",
        f"unexpected status 302 Found: no (the provider points to {there}; {hint}), url: URL/responses",
        "unexpected status 401 Unauthorized: no, url: URL/responses",
        "unexpected status 403 Forbidden: no, url: URL/responses",
        "unexpected status 404 Not Found: no, url: URL/responses",
    }


async def test_a_provider_that_is_not_there_may_come_back_with_the_network(make_client: MakeClient):
    async with open_provider(DONE) as provider:
        pass
    error = await failure(make_client(provider.url, request_max_retries=1))
    assert error.is_offline
    assert error.message.startswith(
        f"stream disconnected before completion: error sending request for url ({provider.url}/responses): "
    )
    address = provider.url.removeprefix("http://").removesuffix("/v1")
    assert error.message.endswith(f"could not connect to {address}: Connection refused; is the server running there?")
    assert error.info.to_wire() == {"responseStreamDisconnected": {"httpStatusCode": None}}
    assert error.retryable


async def test_a_connection_that_closes_without_an_answer_is_tried_again(make_client: MakeClient):
    async def close(stream: trio.abc.Stream) -> None:
        await trio.lowlevel.checkpoint()

    async with open_provider(close, DONE) as provider:
        await collect(make_client(provider.url, request_max_retries=1))
        assert len(provider.requests) == 2
        provider.answer(close)
        error = await failure(make_client(provider.url))
    assert error.message.startswith("stream disconnected before completion: error sending request")
    assert (error.info.to_wire(), error.retryable) == ("other", True)


async def test_an_answer_that_is_no_http_is_a_disconnect(make_client: MakeClient):
    async with open_provider(b"hello there\r\n\r\n") as provider:
        error = await failure(make_client(provider.url))
    assert error.message.startswith("stream disconnected before completion: error sending request")


@pytest.mark.parametrize("framing", ["content-length: 100000\r\n\r\n", "transfer-encoding: chunked\r\n\r\n"])
async def test_an_answer_that_breaks_off_is_a_disconnect_after_its_events(make_client: MakeClient, framing: str):
    async def cut(stream: trio.abc.Stream) -> None:
        part = sse(CREATED, delta("a"))
        chunk = b"%x\r\n%b\r\n" % (len(part), part) if "chunked" in framing else part
        await stream.send_all(HEAD + framing.encode() + chunk)

    seen: list[Any] = []

    async def read(client: ResponsesClient) -> None:
        async with client.stream(REQUEST) as response:
            async for events in response:
                seen.extend(events)

    async with open_provider(cut) as provider:
        with pytest.raises(ModelError) as caught:
            await read(make_client(provider.url, request_max_retries=3))
    assert OutputTextDelta("a", "m1") in seen
    assert caught.value.message == (
        "stream disconnected before completion: Transport error: network error: error decoding response body"
    )
    assert caught.value.retryable
    assert len(provider.requests) == 1


async def test_a_stream_that_ends_early_is_a_disconnect(make_client: MakeClient):
    async with open_provider(streamed(CREATED, delta("a")), http(204)) as provider:
        client = make_client(provider.url)
        for _ in range(2):
            error = await failure(client)
            assert error.message == ("stream disconnected before completion: stream closed before response.completed")


@pytest.mark.parametrize("when", ["waiting for the answer", "between events"])
async def test_giving_up_closes_the_connection_at_once(make_client: MakeClient, when: str):
    closed = trio.Event()

    async def hang(stream: trio.abc.Stream) -> None:
        if when == "between events":
            await stream.send_all(HEAD + b"\r\n" + sse(CREATED))
        assert await stream.receive_some(1) == b""
        closed.set()

    async with open_provider(hang) as provider:
        client = make_client(provider.url)
        with trio.move_on_after(5) as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(collect, client)
                await provider.news.wait()
                await trio.testing.wait_all_tasks_blocked(0.05)
                nursery.cancel_scope.cancel()
        assert not scope.cancelled_caught
        with trio.fail_after(3):
            await closed.wait()


async def test_leaving_a_response_early_closes_its_connection(make_client: MakeClient):
    closed = trio.Event()

    async def hang(stream: trio.abc.Stream) -> None:
        await stream.send_all(HEAD + b"\r\n" + sse(CREATED))
        assert await stream.receive_some(1) == b""
        closed.set()

    async with open_provider(hang) as provider:
        async with make_client(provider.url).stream(REQUEST) as response:
            await anext(response)
        with trio.fail_after(3):
            await closed.wait()


async def test_a_provider_that_keeps_a_complete_response_open_holds_nobody_up(make_client: MakeClient):
    async def hang(stream: trio.abc.Stream) -> None:
        await stream.send_all(HEAD + b"\r\n" + sse(CREATED, COMPLETED))
        await stream.receive_some(1)

    async with open_provider(hang) as provider:
        await collect(make_client(provider.url))


async def test_many_responses_can_stream_at_once(make_client: MakeClient):
    arrived: list[None] = []
    all_there = trio.Event()

    async def together(stream: trio.abc.Stream) -> None:
        arrived.append(None)
        if len(arrived) == 120:
            all_there.set()
        await all_there.wait()
        await stream.send_all(DONE)

    async with open_provider(together) as provider:
        client = make_client(provider.url)
        async with trio.open_nursery() as nursery:
            for _ in range(120):
                nursery.start_soon(collect, client)
    assert len(provider.requests) == 120


def remote(url: str, transport: HttpTransport, **settings: Any) -> ResponsesClient:
    provider = ModelProviderConfig(id="a", name="A", base_url=url, request_max_retries=0, **settings)
    return ResponsesClient(provider, transport, api_key=None, environ={})


async def test_an_unusable_certificate_file_is_told(tmp_path: Path):
    async with open_transport({"SSL_CERT_FILE": str(tmp_path / "none.pem")}) as transport:
        client = remote("https://127.0.0.1:9/v1", transport)
        await client.warm()
        error = await failure(client)
    assert "SSL_CERT_FILE" in error.message
    assert not error.retryable


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl here to make a certificate with")
    pem = tmp_path / "server.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    name = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [openssl, "req", "-x509", "-nodes", "-days", "2", *curve, *name, "-keyout", str(pem), "-out", "-"]
    made = subprocess.run(command, capture_output=True, check=True, timeout=20)
    pem.write_bytes(pem.read_bytes() + made.stdout)
    return pem


async def test_a_provider_is_reached_by_tls_if_its_certificate_is_trusted(certificate: Path):
    async with open_provider(DONE, certificate=certificate) as provider:
        async with open_transport({"SSL_CERT_FILE": str(certificate)}) as transport:
            client = remote(provider.url, transport)
            assert isinstance((await collect(client))[-1], Completed)
            assert isinstance((await collect(client))[-1], Completed)
        assert (len(provider.requests), provider.connections) == (2, 1)
        async with open_transport({}) as transport:
            error = await failure(remote(provider.url, transport))
    assert "certificate verify failed" in error.message
    # Waiting for the network would not help.
    assert not error.is_offline
    assert len(provider.requests) == 2


@pytest.mark.parametrize("name", ["CODEX_CA_CERTIFICATE", "SSL_CERT_DIR"])
async def test_authorities_may_be_named_in_other_ways(certificate: Path, tmp_path: Path, name: str):
    folder = tmp_path / "authorities"
    folder.mkdir()
    shutil.copy(certificate, folder / "ours.pem")
    (folder / "notes.crt").write_text("no certificate")
    environ = {name: str(certificate) if name == "CODEX_CA_CERTIFICATE" else str(folder)}
    if name == "CODEX_CA_CERTIFICATE":
        # It wins over what cannot even be read.
        environ["SSL_CERT_FILE"] = str(tmp_path / "none.pem")
    async with open_provider(DONE, certificate=certificate) as provider, open_transport(environ) as transport:
        assert isinstance((await collect(remote(provider.url, transport)))[-1], Completed)


@pytest.mark.parametrize("name", ["CODEX_CA_CERTIFICATE", "SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_certificates_that_cannot_be_used_are_named(tmp_path: Path, name: str):
    async with open_transport({name: str(tmp_path / "none")}) as transport:
        error = await failure(remote("https://127.0.0.1:9/v1", transport))
    assert f"cannot use {name} ({tmp_path / 'none'}): " in error.message
    assert not error.retryable


def moved(status: int, location: str) -> bytes:
    return http(status, headers=f"location: {location}\r\n")


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_is_followed_with_the_same_request(make_client: MakeClient, status: int):
    async with open_provider(moved(status, "/v2/responses?x=1"), DONE) as provider:
        events = await collect(make_client(provider.url, api_key="k1", http_headers={"X-A": "1"}))
    assert isinstance(events[-1], Completed)
    first, second = provider.requests
    assert second.target == "/v2/responses?x=1"
    assert (second.body, second.headers["authorization"], second.headers["x-a"]) == (first.body, "Bearer k1", "1")


async def test_keys_are_not_taken_to_another_server(make_client: MakeClient):
    async with open_provider(DONE) as other, open_provider(moved(307, f"{other.url}/responses")) as provider:
        client = make_client(provider.url, api_key="k1", http_headers={"X-Api-Key": "k2", "Cookie": "k3"})
        assert isinstance((await collect(client))[-1], Completed)
    [sent] = other.requests
    assert sent.body == provider.requests[0].body
    assert not {"authorization", "x-api-key", "cookie"} & sent.headers.keys()
    assert sent.headers["host"] == other.url.removeprefix("http://").removesuffix("/v1")


async def test_redirects_in_circles_end(make_client: MakeClient):
    async with open_provider(moved(307, "responses")) as provider:
        error = await failure(make_client(provider.url, request_max_retries=3))
    assert "redirected the request 5 times" in error.message
    assert (error.retryable, len(provider.requests)) == (False, 5)


@pytest.mark.parametrize("location", ["ftp://a.test/", "", "http://me:secret@a.test:0/x"])
async def test_a_redirect_to_nowhere_is_told(make_client: MakeClient, location: str):
    async with open_provider(moved(308, location)) as provider:
        error = await failure(make_client(provider.url, request_max_retries=3))
    assert "unexpected status 308 Permanent Redirect" in error.message
    assert "secret" not in error.message
    assert (error.retryable, len(provider.requests)) == (False, 1)


def compressed(body: bytes, encoding: str, *, status: int = 200) -> bytes:
    return http(status, body, headers=f"content-encoding: {encoding}\r\ncontent-type: text/event-stream\r\n")


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "identity", "GZIP"])
async def test_an_answer_that_is_compressed_is_read(make_client: MakeClient, encoding: str):
    squeeze = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "identity": bytes}
    body = squeeze[encoding.lower()](sse(CREATED, delta("Hi"), COMPLETED))
    async with open_provider(compressed(body, encoding)) as provider:
        events = await collect(make_client(provider.url))
    assert OutputTextDelta("Hi", "m1") in events
    assert isinstance(events[-1], Completed)


async def test_providers_are_asked_for_what_can_be_inflated(make_client: MakeClient):
    async with open_provider(DONE) as provider:
        await collect(make_client(provider.url))
    assert provider.requests[0].headers["accept-encoding"] == "zstd,gzip"


async def test_where_no_zstd_is_taken_the_same_request_goes_out_plain(transport: HttpTransport):
    async with open_provider(http(415, {"error": {"message": "no zstd"}}), DONE) as provider:
        config = ModelProviderConfig(id="mock", name="Mock", base_url=provider.url, request_max_retries=0)
        events = await collect(ResponsesClient(config, transport, api_key=None, environ={}, compresses=True))
    assert isinstance(events[-1], Completed)
    first, second = provider.requests
    assert (first.headers["content-encoding"], "content-encoding" in second.headers) == ("zstd", False)
    assert first.body == second.body


async def test_a_compressed_refusal_is_read_as_well(make_client: MakeClient):
    async with open_provider(compressed(gzip.compress(b"no such model"), "gzip", status=404)) as provider:
        error = await failure(make_client(provider.url))
    assert "no such model" in error.message


@pytest.mark.parametrize(("encoding", "told"), [("br", "compressed with br"), ("gzip", "is no gzip")])
async def test_an_answer_that_cannot_be_inflated_says_so(make_client: MakeClient, encoding: str, told: str):
    async with open_provider(compressed(b"\x8b\x05\x80 no such thing", encoding)) as provider:
        error = await failure(make_client(provider.url))
    assert "the provider's answer cannot be read" in error.message
    assert told in error.message


async def test_a_request_goes_through_the_proxy_of_the_environment():
    async with open_provider(DONE) as proxy:
        address = proxy.url.removesuffix("/v1").replace("http://", "http://user:pass%20word@")
        async with open_transport({"HTTP_PROXY": address}) as transport:
            await collect(remote("http://api.test/v1", transport))
    [request] = proxy.requests
    assert request.target == "http://api.test/v1/responses"
    assert request.headers["host"] == "api.test"
    assert request.headers["proxy-authorization"] == "Basic dXNlcjpwYXNzIHdvcmQ="


async def test_warming_connects_to_nothing(make_client: MakeClient):
    async with open_provider(DONE) as provider:
        await make_client(provider.url).warm()
        await make_client("").warm()
    assert provider.connections == 0


def test_nothing_heavy_is_loaded_before_the_first_request():
    script = (
        "import sys, codex_trio.model.client, codex_trio.model.catalog;"
        "print([m for m in ('httpx2', 'httpcore2', 'h11', 'anyio', 'email', 'http.client') if m in sys.modules])"
    )
    root = Path(codex_trio.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(root)},
        timeout=20,
        check=True,
    )
    assert done.stdout.strip() == "[]"

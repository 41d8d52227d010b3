"""Websockets to models: what is sent on one that is kept, and what becomes of one that is not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
import pytest
import trio
from raw_provider import DONE, RawProvider, http, open_provider
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.config.providers import ModelProviderConfig
from codex_trio.model import events
from codex_trio.model.client import Attest, ResponsesClient
from codex_trio.model.errors import ModelError
from codex_trio.model.http import HttpTransport
from codex_trio.model.incremental import ModelExchange
from codex_trio.model.long_events import LARGE
from codex_trio.model.request import ModelRequest, RequestHeaders
from codex_trio.model.sockets import KEEP_SECONDS, MAX_MESSAGE, Broken, ModelSocket, ModelSockets
from codex_trio.testing.model_script import Answer, End, Gate, answer, completed, function_call, http_error, message
from codex_trio.testing.model_server import ModelServer, open_model_server
from codex_trio.util.websocket_deflate import MessageDeflater
from codex_trio.util.websocket_frames import FrameWriter

USER: dict[str, Any] = {"type": "message", "role": "user", "content": []}
SAID: dict[str, Any] = {"type": "message", "role": "assistant", "content": []}
CALL: dict[str, Any] = {"type": "function_call", "call_id": "c1"}
OUTPUT: dict[str, Any] = {"type": "function_call_output", "call_id": "c1", "output": "x"}
FULL = object()


@pytest.fixture
def clock() -> MockClock:
    """Runs like any other, and can be set on."""
    return MockClock(rate=1.0)


def asks(*items: dict[str, Any], thread_id: str = "t", **more: Any) -> ModelRequest:
    return ModelRequest(model="m", input=list(items), headers=RequestHeaders(thread_id=thread_id), **more)


def says(text: str, *, end: End = End.WHOLE) -> Answer:
    return answer(message(text), completed(response_id=f"resp_{text}"), end=end)


@asynccontextmanager
async def serving(
    transport: HttpTransport, *script: Answer, attest: Attest | None = None
) -> AsyncGenerator[tuple[ModelServer, ResponsesClient]]:
    """Provide a server with websockets, and a client of it."""
    async with open_model_server(script) as server:
        server.has_websockets = True
        yield server, client_of(server.base_url, transport, attest=attest)


def client_of(
    base_url: str, transport: HttpTransport, *, attest: Attest | None = None, sockets: ModelSockets | None = None
) -> ResponsesClient:
    provider = ModelProviderConfig(
        id="p", name="P", base_url=base_url, supports_websockets=True, request_max_retries=0, stream_max_retries=0
    )
    sockets = sockets or ModelSockets(transport)
    return ResponsesClient(provider, transport, api_key=None, environ={}, sockets=sockets, attest=attest)


async def heard(client: ResponsesClient, request: ModelRequest) -> list[events.ModelEvent]:
    async with client.stream(request) as response:
        return [event async for batch in response for event in batch]


def previous(server: ModelServer) -> list[str | None]:
    return [request.body.get("previous_response_id") for request in server.requests]


async def test_a_socket_that_the_provider_closed_meanwhile_is_replaced(transport: HttpTransport) -> None:
    async with serving(transport, says("one", end=End.CUT), says("two"), says("three")) as (server, client):
        await heard(client, asks(USER))
        told = await heard(client, asks(USER, SAID, USER))
        assert not [event for event in told if isinstance(event, events.FellBack)]
        await heard(client, asks(USER, SAID, USER, SAID, USER))
    assert previous(server) == [None, None, "resp_two"]
    assert [len(request.input) for request in server.requests] == [1, 3, 1]


def nothing() -> Answer:
    return answer(completed(response_id="resp_nothing"))


async def test_what_a_provider_was_told_beforehand_is_not_sent_again(transport: HttpTransport) -> None:
    async with serving(transport, nothing(), says("one"), says("two")) as (server, client):
        assert client.can_prewarm("t")
        await client.prewarm(asks(USER))
        # Also what models have made: it was made before.
        await heard(client, asks(USER, CALL, OUTPUT, USER))
        await heard(client, asks(USER, CALL, OUTPUT, USER, SAID, USER))
    assert [request.body.get("generate") for request in server.requests] == [False, None, None]
    assert previous(server) == [None, "resp_nothing", "resp_one"]
    assert [len(request.input) for request in server.requests] == [1, 3, 1]


async def test_a_request_does_not_wait_for_what_is_told_beforehand(transport: HttpTransport) -> None:
    gate = Gate()
    waiting = answer(gate, completed(response_id="resp_nothing"))
    async with (
        serving(transport, waiting, says("one"), says("two")) as (server, client),
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(client.prewarm, asks(USER))
        await server.request(0)
        await heard(client, asks(USER, USER))
        await heard(client, asks(USER, USER, SAID, USER))
    assert previous(server) == [None, None, "resp_one"]
    assert [len(request.input) for request in server.requests] == [1, 2, 1]


@pytest.mark.parametrize("said", [http_error(500, {}), answer(end=End.CUT)], ids=["refused", "cut"])
async def test_what_cannot_be_told_beforehand_is_told_with_the_request(transport: HttpTransport, said: Answer) -> None:
    async with serving(transport, said, says("one")) as (server, client):
        await client.prewarm(asks(USER))
        told = await heard(client, asks(USER, USER))
    assert not [event for event in told if isinstance(event, events.FellBack)]
    assert previous(server) == [None, None]
    assert [request.method for request in server.requests] == ["WS", "WS"]


async def test_a_provider_without_websockets_is_told_nothing_beforehand(transport: HttpTransport) -> None:
    async with open_model_server([says("one")]) as server:
        client = client_of(server.base_url, transport)
        await client.prewarm(asks(USER))
        assert server.requests == []
        told = await heard(client, asks(USER))
        assert [event for event in told if isinstance(event, events.FellBack)]
        assert not client.can_prewarm("t")


async def test_what_is_to_be_told_again_goes_with_the_message_and_not_with_the_socket(transport: HttpTransport) -> None:
    async with serving(transport, says("one"), says("two")) as (server, client):
        headers = RequestHeaders(thread_id="t", turn_state="again")
        await heard(client, msgspec.structs.replace(asks(USER), headers=headers))
        await heard(client, asks(USER, SAID, USER))
    first, second = server.requests
    assert "x-codex-turn-state" not in first.headers
    assert [one.body["client_metadata"].get("x-codex-turn-state") for one in (first, second)] == ["again", None]


async def test_a_client_attests_itself_once_for_each_socket(transport: HttpTransport) -> None:
    asked: list[str] = []

    async def attest(thread_id: str) -> str:
        asked.append(thread_id)
        return f"for {thread_id}"

    async with serving(transport, says("one"), says("two"), says("three"), attest=attest) as (server, client):
        await heard(client, asks(USER))
        await heard(client, asks(USER, SAID, USER))
        await heard(client, asks(USER, thread_id="other"))
    assert asked == ["t", "other"]
    assert [request.headers["x-oai-attestation"] for request in server.requests] == ["for t", "for t", "for other"]


async def test_a_socket_is_closed_when_nothing_is_asked_on_it_for_long(
    transport: HttpTransport, clock: MockClock
) -> None:
    async with serving(transport, says("one"), says("two"), says("three")) as (server, client):
        await heard(client, asks(USER))
        clock.jump(KEEP_SECONDS - 1)
        await heard(client, asks(USER, SAID, USER))
        clock.jump(KEEP_SECONDS + 1)
        await wait_all_tasks_blocked()
        await heard(client, asks(USER, SAID, USER, SAID, USER))
    assert previous(server) == [None, "resp_one", None]


async def test_a_long_message_comes_whole(transport: HttpTransport) -> None:
    text = "".join(map(str, range(2 * LARGE // 5)))
    whole = answer(message(text, delta_size=LARGE // 2), completed(response_id="r"))
    async with serving(transport, whole) as (_server, client):
        told = await heard(client, asks(USER))
    [item] = [event.item for event in told if isinstance(event, events.OutputItemDone)]
    assert item["content"][0]["text"] == text
    assert isinstance(told[-1], events.Completed)


@pytest.mark.parametrize(
    "agreed",
    [
        "permessage-deflate",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8",
        'permessage-deflate; client_max_window_bits="9"',
        # Too small for what we can write: only the provider compresses.
        "permessage-deflate; client_max_window_bits=8",
    ],
)
async def test_messages_are_compressed_where_the_provider_agrees(transport: HttpTransport, agreed: str) -> None:
    texts = ["x" * 2_000, "two", "x" * 2_000]
    async with serving(transport, *map(says, texts)) as (server, client):
        server.websocket_extensions = agreed
        for text in texts:
            told = await heard(client, asks(USER, instructions="y" * 100_000))
            assert "".join(event.delta for event in told if isinstance(event, events.OutputTextDelta)) == text
        assert [request.method for request in server.requests] == ["WS"] * 3
        assert server.requests[0].headers["sec-websocket-extensions"] == "permessage-deflate; client_max_window_bits"
        assert server.requests[-1].body["instructions"] == "y" * 100_000


@pytest.mark.parametrize("agreed", ["permessage-brotli", "permessage-deflate; server_max_window_bits=99"])
async def test_a_provider_that_agrees_to_what_was_not_asked_for_is_asked_plainly(
    transport: HttpTransport, agreed: str
) -> None:
    async with serving(transport, says("one")) as (server, client):
        server.websocket_extensions = agreed
        told = await heard(client, asks(USER))
        assert [request.method for request in server.requests] == ["POST"]
    [notice] = [event for event in told if isinstance(event, events.FellBack)]
    assert agreed.rpartition(" ")[2] in notice.reason


class Fed:
    """A connection on which compressed messages were agreed to, and what comes on it."""

    def __init__(self, frame: bytes) -> None:
        self.headers = {"sec-websocket-extensions": "permessage-deflate"}
        self._frame = frame

    async def receive(self, _most: int) -> bytes:
        await trio.lowlevel.checkpoint()
        frame, self._frame = self._frame, b""
        return frame


@pytest.mark.parametrize("told", ["cannot be inflated", "longer than"])
async def test_what_cannot_be_inflated_within_bounds_breaks_the_socket(told: str) -> None:
    is_bomb = told == "longer than"
    payload = MessageDeflater(forgets=True).deflated(bytes(MAX_MESSAGE + 1)) if is_bomb else b"\xff\xff"
    frames = FrameWriter().message([payload], len(payload), compressed=True)
    socket = ModelSocket(cast("Any", Fed(b"".join(b"".join(frame) for frame in frames))), cast("Any", None))
    with pytest.raises(Broken, match=told):
        await socket.receive(seconds=60)


async def test_threads_have_sockets_of_their_own(transport: HttpTransport) -> None:
    async with serving(transport, says("one"), says("two"), says("three")) as (server, client):
        await heard(client, asks(USER))
        await heard(client, asks(USER, SAID, USER, thread_id="other"))
        await heard(client, asks(USER, SAID, USER))
    assert previous(server) == [None, None, "resp_one"]


async def methods_and_notices(client: ResponsesClient, provider: RawProvider) -> list[tuple[list[str], int]]:
    """Return of each of three requests of a thread by what methods it went, and how often users were told why."""
    found: list[tuple[list[str], int]] = []
    for _ in range(3):
        before = len(provider.requests)
        told = await heard(client, asks(USER))
        methods = ["GET" if request.body is None else "POST" for request in provider.requests[before:]]
        found.append((methods, sum(isinstance(event, events.FellBack) for event in told)))
    return found


BOTH, PLAIN = ["GET", "POST"], ["POST"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (426, [(BOTH, 0), (PLAIN, 0), (PLAIN, 0)]),
        (404, [(BOTH, 1), (PLAIN, 0), (PLAIN, 0)]),
        (503, [(BOTH, 0), (BOTH, 1), (PLAIN, 0)]),
    ],
)
async def test_a_provider_that_refuses_websockets_is_asked_for_them_no_more(
    transport: HttpTransport, status: int, expected: Any
) -> None:
    async def refuse_or_answer(stream: trio.abc.Stream) -> None:
        await stream.send_all(http(status, {}) if provider.requests[-1].body is None else DONE)

    async with open_provider(refuse_or_answer) as provider:
        client = client_of(provider.url, transport)
        assert await methods_and_notices(client, provider) == expected


async def test_a_provider_that_does_not_answer_is_waited_for_once_and_not_for_long(
    transport: HttpTransport, clock: MockClock
) -> None:
    async def ignore_or_answer(stream: trio.abc.Stream) -> None:
        if provider.requests[-1].body is not None:
            await stream.send_all(DONE)
            return
        clock.jump(15)
        await trio.sleep(60)

    async with open_provider(ignore_or_answer) as provider:
        client = client_of(provider.url, transport)
        begun = trio.current_time()
        assert await methods_and_notices(client, provider) == [(BOTH, 1), (PLAIN, 0), (PLAIN, 0)]
        assert trio.current_time() < begun + 50


async def test_a_network_that_is_away_says_nothing_of_websockets(transport: HttpTransport) -> None:
    sockets = ModelSockets(transport)
    with trio.socket.socket() as nobody:
        await nobody.bind(("127.0.0.1", 0))
        client = client_of(f"http://127.0.0.1:{nobody.getsockname()[1]}/v1", transport, sockets=sockets)
        for _ in range(3):
            with pytest.raises(ModelError) as caught:
                await heard(client, asks(USER))
            assert caught.value.is_offline
    assert sockets.serves("t")


def events_of(built: Answer) -> list[bytes]:
    lines = b"".join(step for step in built.steps if isinstance(step, bytes)).split(b"\n")
    return [line.removeprefix(b"data: ") for line in lines if line.startswith(b"data: ")]


CALLED = answer(function_call("look", {}, call_id="c1"), completed(response_id="resp_call"))


@pytest.mark.parametrize(
    ("built", "then", "new"),
    [
        (says("one"), asks(USER, SAID, USER), [USER]),
        (says("one"), asks(USER, SAID), []),
        (CALLED, asks(USER, CALL, OUTPUT), [OUTPUT]),
        # Renamed, left out, changed before, changed around, not whole.
        (CALLED, asks(USER, {**CALL, "call_id": "call_new"}, OUTPUT), FULL),
        (CALLED, asks(USER, OUTPUT), FULL),
        (says("one"), asks(USER), FULL),
        (says("one"), asks({**USER, "content": [{}]}, SAID, USER), FULL),
        (says("one"), asks(SAID), FULL),
        (says("one"), asks(USER, SAID, USER, tools=[{"type": "function"}]), FULL),
        (says("one"), msgspec.structs.replace(asks(USER, SAID, USER), model="other"), FULL),
        (answer(message("one"), end=End.EARLY), asks(USER, SAID, USER), FULL),
    ],
)
def test_what_is_new_is_known_only_when_all_else_is_as_it_was(built: Answer, then: ModelRequest, new: Any) -> None:
    exchange = ModelExchange(asks(USER))
    for event in (*events_of(built), b"no json"):
        exchange.note(event)
    found = exchange.new_input(then)
    assert found == (None if new is FULL else new)

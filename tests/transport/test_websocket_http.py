"""What HTTP requests to the websocket port are answered, over real connections."""

import contextlib
import hashlib

import pytest
import trio
import trio.testing
from trio.testing import MockClock
from websocket_lab import listening, raw_peer

from codex_trio.conformance.websocket_port import (
    EXCHANGES,
    NO_KEY,
    UNPARSABLE,
    UPGRADE,
    UPGRADES,
    Exchange,
    check_exchange,
    check_upgrade,
    without,
)
from codex_trio.transport.http_server import IDLE_SECONDS, MAX_HEAD_BYTES
from codex_trio.transport.ws_auth import CapabilityToken

PATIENCE = 10


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: f"{exchange.method} {exchange.target}")
async def test_each_request_gets_its_answer_and_the_connection_stays(exchange: Exchange) -> None:
    with trio.fail_after(PATIENCE):
        async with listening() as address, raw_peer(address) as peer:
            await check_exchange(peer, exchange)
            await check_exchange(peer, exchange)


@pytest.mark.parametrize(("target", "headers"), [*UPGRADES, ("/", {"Authorization": "Basic not looked at"})])
async def test_a_valid_upgrade_is_granted_without_extras(target: str, headers: dict[str, str]) -> None:
    with trio.fail_after(PATIENCE):
        async with listening() as address, raw_peer(address) as peer:
            check_upgrade(await peer.upgrade(target, headers))


async def test_frames_sent_along_with_the_upgrade_are_not_lost() -> None:
    with trio.fail_after(PATIENCE):
        async with listening() as address, raw_peer(address) as peer:
            await peer.request("GET", "/", UPGRADE)
            await peer.send(b"\x81\x82\0\0\0\0hi")
            assert (await peer.response()).status == 101
            assert await peer.exactly(4) == b"\x81\x02hi"


async def test_health_routes_need_no_token_and_everything_else_does() -> None:
    authenticator = CapabilityToken(hashlib.sha256(b"sekret").digest())
    with trio.fail_after(PATIENCE):
        async with listening(authenticator=authenticator) as address, raw_peer(address) as peer:

            async def status(target: str, headers: dict[str, str]) -> tuple[int, bytes]:
                await peer.request("GET", target, headers)
                response = await peer.response()
                assert "www-authenticate" not in response.headers
                return response.status, response.body

            assert await status("/readyz", {}) == (200, b"")
            assert await status("/", UPGRADE) == (401, b"missing websocket bearer token")
            assert await status("/", UPGRADE | {"Authorization": "Basic x"}) == (401, b"invalid authorization header")
            assert await status("/", UPGRADE | {"Authorization": "Bearer \xe4"}) == (
                401,
                b"invalid authorization header",
            )
            assert await status("/", UPGRADE | {"Authorization": "Bearer x"}) == (
                401,
                b"invalid websocket bearer token",
            )
            # What is wrong with the request is said before who asks is looked at.
            assert await status("/", without("Sec-WebSocket-Key")) == (400, NO_KEY.encode())
            assert await status("/", UPGRADE | {"Authorization": "Bearer x", "Origin": "a"}) == (403, b"")
            assert (await peer.upgrade("/", {"Authorization": "Bearer sekret"})).status == 101


async def test_the_first_of_two_authorization_headers_counts() -> None:
    authenticator = CapabilityToken(hashlib.sha256(b"sekret").digest())
    with trio.fail_after(PATIENCE):
        async with listening(authenticator=authenticator) as address, raw_peer(address) as peer:
            await peer.request("GET", "/", UPGRADE | {"Authorization": "Bearer x\r\nAuthorization: Bearer sekret"})
            assert (await peer.response()).status == 401
            await peer.request("GET", "/", UPGRADE | {"Authorization": "Bearer sekret\r\nAuthorization: Bearer x"})
            assert (await peer.response()).status == 101


async def test_http_1_0_is_answered_and_closed() -> None:
    with trio.fail_after(PATIENCE):
        async with listening() as address:
            for target, headers, status in (("/readyz", {}, 200), ("/", UPGRADE, 426)):
                async with raw_peer(address) as peer:
                    await peer.request("GET", target, headers, version="1.0")
                    assert (await peer.response()).status == status
                    assert await peer.rest() == b""


@pytest.mark.parametrize("data", [*UNPARSABLE, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
async def test_what_cannot_be_parsed_is_refused_and_closed(data: bytes) -> None:
    with trio.fail_after(PATIENCE):
        async with listening() as address, raw_peer(address) as peer:
            await peer.send(data)
            response = await peer.response()
            assert (response.status, response.body) == (400, b"")
            assert response.headers["connection"] == "close"
            assert await peer.rest() == b""


@pytest.mark.parametrize("data", [b'{"id": 1, "method": "initialize"}\n', b' \n{"id"', b"[{"])
async def test_a_message_in_place_of_a_request_is_answered_at_once_with_the_way_out(data: bytes) -> None:
    with trio.fail_after(PATIENCE):
        async with listening() as address, raw_peer(address) as peer:
            await peer.send(data)
            response = await peer.response()
            assert response.status == 400
            assert b"Messages come over websocket here." in response.body
            assert await peer.rest() == b""


async def test_an_endless_head_is_cut_off() -> None:
    with trio.fail_after(PATIENCE):
        async with listening() as address, raw_peer(address) as peer:
            await peer.send(b"GET /readyz HTTP/1.1\r\nHost: x\r\nA: ")
            with pytest.raises(trio.BrokenResourceError):
                await peer.send(b"x" * 1000 * MAX_HEAD_BYTES)
            async with raw_peer(address) as other:
                await other.request("GET", "/readyz")
                assert (await other.response()).status == 200


async def test_requests_sent_ahead_are_answered_in_order() -> None:
    with trio.fail_after(PATIENCE):
        async with listening() as address, raw_peer(address) as peer:
            for target in ("/readyz", "/", "/healthz"):
                await peer.request("GET", target)
            assert [(await peer.response()).status for _ in range(3)] == [200, 400, 200]


async def test_a_body_is_read_past_and_not_waited_for() -> None:
    with trio.fail_after(PATIENCE):
        async with listening() as address, raw_peer(address) as peer:
            await peer.request("POST", "/readyz", {"Content-Length": "100000"})
            assert (await peer.response()).status == 405
            await peer.send(b"x" * 100_000)
            await peer.request("GET", "/readyz")
            assert (await peer.response()).status == 200


async def test_a_body_in_tiny_chunks_holds_up_nobody_else() -> None:
    turns = 0
    with trio.fail_after(PATIENCE):
        async with listening() as address, raw_peer(address) as peer, trio.open_nursery() as nursery:
            await peer.request("POST", "/readyz", {"Transfer-Encoding": "chunked"})
            assert (await peer.response()).status == 405
            nursery.start_soon(peer.send, b"1\r\nx\r\n" * 5000 + b"0\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            answered = trio.Event()

            async def others() -> None:
                nonlocal turns
                while not answered.is_set():
                    await trio.lowlevel.checkpoint()
                    turns += 1

            nursery.start_soon(others)
            assert (await peer.response()).status == 200
            answered.set()
    assert turns >= 5000


async def test_a_peer_that_takes_no_answers_is_let_go(mock_clock: MockClock) -> None:
    async with listening() as address, raw_peer(address) as peer, trio.open_nursery() as nursery:
        flood = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 1000

        async def ask() -> None:
            with contextlib.suppress(trio.BrokenResourceError):
                while True:
                    await peer.send(flood)

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked(0.05)
        mock_clock.jump(IDLE_SECONDS + 1)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /readyz HT",
        b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
    ],
)
async def test_a_peer_that_says_nothing_more_is_let_go_and_holds_up_nobody(sent: bytes, mock_clock: MockClock) -> None:
    async with listening() as address, raw_peer(address) as silent, raw_peer(address) as client:
        await silent.send(sent)
        assert (await client.upgrade()).status == 101
        await trio.testing.wait_all_tasks_blocked(0.05)
        mock_clock.jump(IDLE_SECONDS + 1)
        await silent.rest()
        # Websockets may be silent for as long as they like.
        mock_clock.jump(100_000)
        await client.send(b"\x81\x82\0\0\0\0hi")
        assert await client.exactly(4) == b"\x81\x02hi"

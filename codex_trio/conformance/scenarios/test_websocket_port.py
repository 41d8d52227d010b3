"""The port of a server that listens at `ws://`: HTTP requests, who may connect, and what a websocket carries."""

import json
import time
from collections.abc import Sequence

import pytest
import trio

from codex_trio.conformance.lab import Lab
from codex_trio.conformance.listening import Listening
from codex_trio.conformance.probe import WAIT_SECONDS
from codex_trio.conformance.websocket_port import (
    EXCHANGES,
    UNPARSABLE,
    UPGRADE,
    UPGRADES,
    Exchange,
    base64url,
    check_exchange,
    check_upgrade,
    sha256_hex,
    signed_token,
)
from codex_trio.transport.outbound import CannotConnect

ANYWHERE = "ws://127.0.0.1:0"
TOKEN = "a-token-of-this-scenario"
SECRET = b"a secret of this scenario, of thirty-two bytes or more"
LATER = 2**40

MISSING = "missing websocket bearer token"
NO_TOKEN = "invalid authorization header"
NOT_SIGNED = "invalid websocket jwt"


async def test_each_request_gets_its_answer_on_a_connection_that_stays(lab: Lab) -> None:
    async with lab.listen(ANYWHERE) as server, server.raw_peer() as peer:
        with trio.fail_after(WAIT_SECONDS):
            for exchange in EXCHANGES:
                await check_exchange(peer, exchange)


async def test_a_websocket_is_granted_at_any_path_and_without_extras(lab: Lab) -> None:
    async with lab.listen(ANYWHERE) as server:
        with trio.fail_after(WAIT_SECONDS):
            for target, headers in UPGRADES:
                async with server.raw_peer() as peer:
                    check_upgrade(await peer.upgrade(target, headers))


async def test_what_is_no_request_is_refused_and_the_connection_closed(lab: Lab) -> None:
    async with lab.listen(ANYWHERE) as server:
        with trio.fail_after(WAIT_SECONDS):
            for data in UNPARSABLE:
                async with server.raw_peer() as peer:
                    await peer.send(data)
                    response = await peer.response()
                    assert (response.status, response.body) == (400, b"")
                    assert response.headers["connection"] == "close"
                    assert await peer.rest() == b""


async def test_http_1_0_is_answered_and_closed(lab: Lab) -> None:
    async with lab.listen(ANYWHERE) as server, server.raw_peer() as peer:
        with trio.fail_after(WAIT_SECONDS):
            await peer.request("GET", "/readyz", version="1.0")
            assert (await peer.response()).status == 200
            assert await peer.rest() == b""


async def check_rejects(server: Listening, rejects: Sequence[tuple[bytes | None, str]]) -> None:
    """Check what clients with such an `Authorization` are told, one after the other on one connection."""
    async with server.raw_peer() as peer:
        with trio.fail_after(WAIT_SECONDS):
            for authorization, body in rejects:
                headers = {} if authorization is None else {"Authorization": authorization.decode("latin-1")}
                await check_exchange(peer, Exchange("GET", "/", UPGRADE | headers, 401, body))
            # Health is told to everybody, and a web page is refused with the right token too.
            await check_exchange(peer, Exchange("GET", "/readyz", {}, 200))
            await check_exchange(peer, Exchange("GET", "/", UPGRADE | {"Origin": "http://a"}, 403))


async def test_a_capability_token_lets_clients_in(lab: Lab) -> None:
    (lab.base / "token").write_text(f"\n{TOKEN} \n")
    options = ("--ws-auth", "capability-token")
    for source in (("--ws-token-file", f"{lab.base}/token"), ("--ws-token-sha256", sha256_hex(TOKEN).upper())):
        async with lab.listen(ANYWHERE, *options, *source) as server:
            token = TOKEN.encode()
            rejects = (
                (None, MISSING),
                (b"", NO_TOKEN),
                (b"Bearer", NO_TOKEN),
                (b"Basic " + token, NO_TOKEN),
                (token, NO_TOKEN),
                (b"Bearer\t" + token, NO_TOKEN),
                (b"Bearer " + token + b"\xe4", NO_TOKEN),
                (b"Bearer " + token + b"x", "invalid websocket bearer token"),
                (b"Bearer " + token.upper(), "invalid websocket bearer token"),
            )
            await check_rejects(server, rejects)
            for authorization in (f"bEARER {TOKEN}", f"Bearer    {TOKEN}  "):
                async with server.raw_peer() as peer:
                    check_upgrade(await peer.upgrade("/", {"Authorization": authorization}))
            async with server.connect(token=TOKEN) as client:
                assert (await client.request("thread/loaded/list", {}))["data"] == []
            with pytest.raises(CannotConnect):
                async with server.connect():
                    pass
            assert TOKEN not in server.stderr


async def test_a_signed_token_lets_clients_in_while_it_holds(lab: Lab) -> None:
    (lab.base / "secret").write_bytes(SECRET + b"\n")
    options = ("--ws-auth", "signed-bearer-token", "--ws-shared-secret-file", f"{lab.base}/secret")
    expectations = ("--ws-issuer", " me ", "--ws-audience", "us", "--ws-max-clock-skew-seconds", "600")
    now = int(time.time())
    good = {"exp": LATER, "iss": "me", "aud": "us"}
    unsigned = base64url(b'{"alg":"none"}') + b"." + base64url(json.dumps(good).encode()) + b"."
    rejects = (
        (signed_token(good, b"another secret of thirty-two bytes and more"), NOT_SIGNED),
        (signed_token(good, SECRET, header={"alg": "HS384"}, algorithm="sha384"), NOT_SIGNED),
        (signed_token(good, SECRET, header={"alg": "RS256"}), NOT_SIGNED),
        (unsigned, NOT_SIGNED),
        (b"a.b.c", NOT_SIGNED),
        (signed_token({**good, "exp": None}, SECRET), NOT_SIGNED),
        (signed_token({**good, "exp": str(LATER)}, SECRET), NOT_SIGNED),
        (signed_token({**good, "exp": LATER + 0.5}, SECRET), NOT_SIGNED),
        (signed_token({**good, "aud": 5}, SECRET), NOT_SIGNED),
        (signed_token({**good, "exp": now - 1000, "nbf": LATER}, SECRET), "expired websocket jwt"),
        (signed_token({**good, "nbf": now + 1000, "iss": "x"}, SECRET), "websocket jwt is not valid yet"),
        (signed_token({"exp": LATER}, SECRET), "websocket jwt issuer mismatch"),
        (signed_token({**good, "iss": "Me"}, SECRET), "websocket jwt issuer mismatch"),
        (signed_token({**good, "aud": ["them"]}, SECRET), "websocket jwt audience mismatch"),
        (signed_token({"exp": LATER, "iss": "me"}, SECRET), "websocket jwt audience mismatch"),
    )
    accepted = (
        good,
        {**good, "exp": now - 300, "nbf": now + 300, "iat": "whenever"},
        {**good, "exp": 2**63 - 1, "aud": ["them", "us"]},
    )
    async with lab.listen(ANYWHERE, *options, *expectations) as server:
        await check_rejects(server, [(b"Bearer " + token, body) for token, body in rejects])
        for claims in accepted:
            token = signed_token(claims, SECRET, header={"alg": "HS256", "typ": "x", "kid": "y"}).decode()
            async with server.connect(token=token) as client:
                assert (await client.request("thread/loaded/list", {}))["data"] == []
            assert token not in server.stderr
        assert SECRET.decode() not in server.stderr


async def test_what_is_no_message_is_left_unanswered_and_the_connection_stays(lab: Lab) -> None:
    async with lab.listen(ANYWHERE) as server, server.connect() as client:
        for line in (b"not json", b"", b"[]", b'{"id":null,"method":"thread/loaded/list"}'):
            await client.client.send_raw(line)
        assert (await client.request("thread/loaded/list", {}))["data"] == []
        assert not client.client.closed.is_set()


async def test_binary_messages_are_dropped_and_pings_answered(lab: Lab) -> None:
    async with lab.listen(ANYWHERE) as server, server.raw_peer() as peer:
        with trio.fail_after(WAIT_SECONDS):
            check_upgrade(await peer.upgrade())
            request = json.dumps({"id": 1, "method": "thread/loaded/list", "params": {}}).encode()
            mask = bytes(4)
            await peer.send(b"\x82" + bytes([0x80 | len(request)]) + mask + request)
            await peer.send(b"\x89\x84" + mask + b"ping")
            # Some servers answer a ping twice.
            assert await peer.exactly(6) == b"\x8a\x04ping"
            await peer.send(b"\x01\x83" + mask + request[:3] + b"\x80" + bytes([0x80 | len(request[3:])]) + mask)
            await peer.send(request[3:])
            while (head := await peer.exactly(2))[0] == 0x8A:
                await peer.exactly(head[1])
            assert head[0] == 0x81
            reply = json.loads(await peer.exactly(head[1]))
            assert reply == {"id": 1, "error": {"code": -32600, "message": "Not initialized"}}

"""An accepted websocket as a transport: what a peer sends, what it is told, and what a slow one holds up."""

import contextlib
import logging
import struct
from collections.abc import AsyncGenerator

import pytest
import trio
import trio.testing
from test_frames import client_frame
from websocket_lab import listening, raw_peer

from codex_trio.conformance.websocket_port import RawPeer
from codex_trio.transport.base import TransportClosed
from codex_trio.transport.websocket_connection import SHORT_BYTES, WebsocketConnection
from codex_trio.util.close_reason import CloseReason
from codex_trio.util.websocket_frames import MAX_SENT_FRAME_BYTES

PATIENCE = 30


@contextlib.asynccontextmanager
async def connected() -> AsyncGenerator[tuple[RawPeer, WebsocketConnection]]:
    """Provide a peer, and the server's end of its websocket, which the test serves itself."""
    hand_over, accepted = trio.open_memory_channel[WebsocketConnection](0)

    async def serve(connection: WebsocketConnection) -> None:
        await hand_over.send(connection)
        await trio.sleep_forever()

    async with listening(serve) as address, raw_peer(address) as peer:
        assert (await peer.upgrade()).status == 101
        yield peer, await accepted.receive()


async def close_frame(peer: RawPeer) -> CloseReason:
    """Return the close frame that comes next."""
    first, length = await peer.exactly(2)
    assert first == 0x88
    payload = await peer.exactly(length)
    return CloseReason(struct.unpack("!H", payload[:2])[0], payload[2:].decode()) if payload else CloseReason(1005, "")


async def test_binary_messages_are_dropped_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with trio.fail_after(PATIENCE), caplog.at_level(logging.WARNING):
        async with connected() as (peer, connection):
            await peer.send(client_frame(2, b"binary") + client_frame(1, b"text"))
            assert await connection.receive() == b"text"
    assert "dropped a binary message of 6 bytes" in caplog.text


async def test_many_messages_go_out_in_one_write() -> None:
    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection):
            messages = [b"%d" % number for number in range(100)]
            await connection.send_many(messages)
            data = await peer.stream.receive_some(65536)
            assert bytes(data) == b"".join(b"\x81" + bytes([len(message)]) + message for message in messages)


async def test_a_short_answer_leaves_at_once_while_nothing_else_is_to_be_said() -> None:
    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection):
            assert connection.send_now(b"at once")
            assert await peer.exactly(9) == b"\x81\x07at once"
            assert not connection.send_now(b"x" * (SHORT_BYTES + 1)), "too long to be sure that it is taken whole"
            await peer.send(client_frame(1, b"one") + client_frame(1, b"another"))
            assert await connection.receive() == b"one"
            assert not connection.send_now(b"first"), "more answers are about to come"
            assert await connection.receive() == b"another"
            assert connection.send_now(b"last")
            await connection.send(b"and then")
            assert await peer.exactly(16) == b"\x81\x04last\x81\x08and then"
            await connection.aclose()
            assert not connection.send_now(b"closed")


async def test_short_answers_wait_their_turn_behind_what_a_slow_peer_has_not_taken() -> None:
    with trio.fail_after(PATIENCE):
        async with connected() as (_peer, connection), trio.open_nursery() as nursery:
            nursery.start_soon(connection.send, b"x" * (16 * 1024 * 1024))
            await trio.testing.wait_all_tasks_blocked()
            assert not connection.send_now(b"short")
            nursery.cancel_scope.cancel()


async def test_a_ping_is_answered_while_the_server_only_reads() -> None:
    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection), trio.open_nursery() as nursery:
            nursery.start_soon(connection.receive)
            await peer.send(client_frame(9, b"still there?"))
            assert await peer.exactly(14) == b"\x8a\x0cstill there?"
            nursery.cancel_scope.cancel()


async def test_a_close_of_the_peer_is_answered_and_ends_the_conversation() -> None:
    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection):
            await peer.send(client_frame(1, b"last") + client_frame(8, struct.pack("!H", 4001) + b"bored"))
            assert await connection.receive() == b"last"
            with pytest.raises(TransportClosed, match="the websocket was closed with code 4001: bored"):
                await connection.receive()
            assert await close_frame(peer) == CloseReason(4001, "bored")
            with pytest.raises(TransportClosed):
                await connection.receive()
            with pytest.raises(TransportClosed):
                await connection.send(b"too late")
            await connection.aclose()
            assert await peer.rest() == b""


@pytest.mark.parametrize(
    ("data", "code"), [(b"\x81\x02hi", 1002), (client_frame(1, b"\xff"), 1007), (b"\x81\xff" + b"\x7f" * 12, 1009)]
)
async def test_a_breach_of_the_protocol_is_told_before_the_end(data: bytes, code: int) -> None:
    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection):
            # More follows: the reason must arrive although it is never read.
            await peer.send(data + b"x" * 100_000)
            with pytest.raises(TransportClosed, match=f"closed with code {code}: a "):
                await connection.receive()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(connection.aclose)
                assert (await close_frame(peer)).code == code
                await peer.stream.send_eof()
                assert await peer.rest() == b""


async def test_a_peer_that_vanishes_is_a_closed_transport() -> None:
    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection):
            await peer.send(client_frame(1, b"last") + b"\x81")
            await trio.aclose_forcefully(peer.stream)
            assert await connection.receive() == b"last"
            with pytest.raises(TransportClosed):
                await connection.receive()


async def test_the_reason_for_closing_reaches_the_peer_behind_what_was_said() -> None:
    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection), trio.open_nursery() as nursery:
            await connection.send(b"last")
            nursery.start_soon(connection.aclose, CloseReason(1001, "the server is shutting down"))
            assert await peer.exactly(6) == b"\x81\x04last"
            assert await close_frame(peer) == CloseReason(1001, "the server is shutting down")
            # The peer goes on talking until it has read that: no reset may come of it.
            await peer.send(client_frame(1, b"x" * 100_000) + client_frame(8, struct.pack("!H", 1001)))
            await peer.stream.send_eof()
            assert await peer.rest() == b""


async def test_a_peer_that_answers_the_close_frame_need_not_close_first() -> None:
    ours, theirs = (trio.SocketStream(end) for end in trio.socket.socketpair())
    with trio.fail_after(PATIENCE):
        async with theirs, trio.open_nursery() as nursery:
            connection, peer = WebsocketConnection(ours, close_seconds=10 * PATIENCE), RawPeer(theirs)
            nursery.start_soon(connection.aclose, CloseReason(1001, "the server is shutting down"))
            await close_frame(peer)
            await peer.send(client_frame(1, b"one more thing") + client_frame(8, struct.pack("!H", 1001)))
            assert await peer.rest() == b""


async def test_closing_does_not_wait_for_a_peer_that_is_not_there() -> None:
    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection):
            before = trio.current_time()
            await connection.aclose()
            await connection.aclose()
            assert trio.current_time() - before < PATIENCE / 2
            assert await close_frame(peer) == CloseReason(1000, "")


async def test_a_peer_that_does_not_read_makes_the_sender_wait_and_can_still_be_closed() -> None:
    sent = 0

    async def flood(connection: WebsocketConnection) -> None:
        nonlocal sent
        with contextlib.suppress(TransportClosed):
            while True:
                await connection.send(b"x" * 100_000)
                sent += 1

    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection), trio.open_nursery() as nursery:
            nursery.start_soon(flood, connection)
            before = -1
            while before != sent:
                before = sent
                await trio.testing.wait_all_tasks_blocked(0.05)
            # It is still heard, and its pings do not hold up reading.
            await peer.send(client_frame(9, b"ping") * 50 + client_frame(1, b"hello?"))
            assert await connection.receive() == b"hello?"
            await connection.aclose(CloseReason(1001, "enough"))
    assert sent < 1000


async def test_a_ping_is_answered_in_the_middle_of_a_long_message_with_the_newest() -> None:
    size = 20_000_000

    async def say_much(connection: WebsocketConnection) -> None:
        await connection.send(b"x" * size)

    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection), trio.open_nursery() as nursery:
            nursery.start_soon(say_much, connection)
            await trio.testing.wait_all_tasks_blocked(0.05)
            await peer.send(client_frame(9, b"old") + client_frame(9, b"new") + client_frame(1, b"go on"))
            assert await connection.receive() == b"go on"
            before = 0
            while (frame := await next_frame(peer))[0] != 0x8A:
                assert len(frame[1]) <= MAX_SENT_FRAME_BYTES
                before += len(frame[1])
            assert frame == (0x8A, b"new")
            assert 0 < before < size
            while before < size:
                frame = await next_frame(peer)
                before += len(frame[1])
            assert frame[0] == 0x80


async def next_frame(peer: RawPeer) -> tuple[int, bytes]:
    """Return the first byte of the server's next frame, and its payload."""
    first, size = await peer.exactly(2)
    if size > 125:
        size = int.from_bytes(await peer.exactly(2 if size == 126 else 8), "big")
    return first, await peer.exactly(size)


async def test_a_flood_of_tiny_fragments_holds_up_nobody_else() -> None:
    turns = 0
    heard = trio.Event()

    async def others() -> None:
        nonlocal turns
        while not heard.is_set():
            await trio.lowlevel.checkpoint()
            turns += 1

    async with connected() as (peer, connection), trio.open_nursery() as nursery:
        await peer.send(client_frame(1, b"x", final=False) + client_frame(0, b"x", final=False) * 5000)
        await trio.testing.wait_all_tasks_blocked(0.05)
        nursery.start_soon(peer.send, client_frame(0, b"x"))
        nursery.start_soon(others)
        with trio.fail_after(PATIENCE):
            assert await connection.receive() == b"x" * 5002
        heard.set()
    assert turns > 30


async def test_a_message_cut_short_by_cancellation_is_followed_by_nothing() -> None:
    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection):
            with trio.move_on_after(0.05) as cut:
                await connection.send(b"x" * 20_000_000)
            assert cut.cancelled_caught
            with pytest.raises(TransportClosed):
                await connection.send(b"nonsense in the middle of a frame")
            await connection.aclose(CloseReason(1001, "bye"))
            data = await peer.rest()
            assert len(data) < 20_000_000
            assert b"nonsense" not in data
            assert b"bye" not in data


async def test_a_send_cancelled_before_it_began_costs_nothing() -> None:
    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection):
            with trio.CancelScope() as cancelled:
                cancelled.cancel()
                await connection.send(b"never")
            await connection.send(b"after")
            assert await peer.exactly(7) == b"\x81\x05after"


async def test_reading_stops_with_the_reader() -> None:
    sent = 0

    async def flood(peer: RawPeer) -> None:
        nonlocal sent
        while True:
            await peer.send(client_frame(1, b"x" * 1000) * 100)
            sent += 1

    with trio.fail_after(PATIENCE):
        async with connected() as (peer, connection), trio.open_nursery() as nursery:
            nursery.start_soon(flood, peer)
            before = -1
            while before != sent:
                before = sent
                await trio.testing.wait_all_tasks_blocked(0.05)
            assert sent < 1000
            assert await connection.receive() == b"x" * 1000
            nursery.cancel_scope.cancel()


async def test_one_clients_failure_is_logged_and_no_others(caplog: pytest.LogCaptureFixture) -> None:
    async def serve(connection: WebsocketConnection) -> None:
        if await connection.receive() == b"fail":
            raise RuntimeError("no luck")
        await connection.send(b"fine")

    with trio.fail_after(PATIENCE):
        async with listening(serve) as address, raw_peer(address) as unlucky, raw_peer(address) as other:
            for peer in (unlucky, other):
                assert (await peer.upgrade()).status == 101
            await unlucky.send(client_frame(1, b"fail"))
            assert (await close_frame(unlucky)).code == 1011
            await other.send(client_frame(1, b"work"))
            assert await other.exactly(6) == b"\x81\x04fine"
    assert "RuntimeError: no luck" in caplog.text


async def test_the_end_of_the_listener_ends_its_connections() -> None:
    with trio.fail_after(PATIENCE):
        async with contextlib.AsyncExitStack() as listener:
            address = await listener.enter_async_context(listening())
            async with raw_peer(address) as idle, raw_peer(address) as slow:
                for peer in (idle, slow):
                    assert (await peer.upgrade()).status == 101
                await slow.send(client_frame(1, b"x" * 20_000_000))
                await listener.aclose()
                assert await close_frame(idle) == CloseReason(1000, "")
                await slow.rest()

"""What every transport promises, checked on each of them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

import pytest
import trio
import trio.testing
from transport_pairs import TRANSPORTS, Pair

from codex_trio.transport.base import MessageInPieces, MessageTransport, TransportClosed
from codex_trio.transport.memory import MemoryTransport, memory_transport_pair
from codex_trio.util.close_reason import CloseReason


@pytest.fixture(params=TRANSPORTS.values(), ids=[*TRANSPORTS])
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Pair]:
    make: Callable[[Path], AbstractAsyncContextManager[Pair]] = request.param
    async with make(tmp_path) as ends:
        yield ends
        # One that closes waits for the other to do so too.
        async with trio.open_nursery() as nursery:
            for end in ends:
                nursery.start_soon(end.aclose)


async def send_for_ever(end: MessageTransport) -> None:
    while True:
        await end.send(b"x" * 100_000)


async def test_messages_arrive_whole_and_in_order(pair: Pair) -> None:
    left, right = pair
    sent = [b"one", b"{}", "zwölf".encode(), b"x" * 5000]
    with trio.fail_after(30):
        await left.send(sent[0])
        await left.send_many(sent[1:])
        assert [await right.receive() for _ in sent] == sent


@pytest.mark.parametrize("sizes", [(3, 0, 5), (2_000_000, 1, 400_000, 1_500_000), (17_000_000, 2, 17_000_000)])
async def test_a_message_in_pieces_arrives_as_one_between_its_neighbours(pair: Pair, sizes: tuple[int, ...]) -> None:
    pieces = [bytes([97 + number]) * size for number, size in enumerate(sizes)]
    for end, other in (pair, pair[::-1]):
        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(end.send_many, [b"before", MessageInPieces(map(memoryview, pieces)), b"after"])
                received = [await other.receive() for _ in range(3)]
        assert received[0] == b"before"
        # Not compared by the assertion: it would take its time to show how megabytes differ.
        assert bool(received[1] == b"".join(pieces))
        assert received[2] == b"after"


async def test_nothing_to_send_is_nothing_sent(pair: Pair) -> None:
    left, right = pair
    with trio.fail_after(30):
        await left.send_many([])
        await left.send(b"after")
        assert await right.receive() == b"after"


async def test_both_directions_carry_megabytes_at_once(pair: Pair) -> None:
    left, right = pair
    sent = [bytes([65 + number]) * 300_000 for number in range(10)]
    received: dict[str, list[object]] = {"left": [], "right": []}

    async def write(end: MessageTransport) -> None:
        await end.send_many(sent[:5])
        for message in sent[5:]:
            await end.send(message)

    async def read(name: str, end: MessageTransport) -> None:
        received[name] = [await end.receive() for _ in sent]

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write, left)
            nursery.start_soon(write, right)
            nursery.start_soon(read, "left", left)
            nursery.start_soon(read, "right", right)
    assert received == {"left": sent, "right": sent}


async def test_a_peer_that_does_not_read_makes_the_sender_wait_and_nobody_else(pair: Pair) -> None:
    left, right = pair
    sent = 0

    async def flood() -> None:
        nonlocal sent
        while True:
            await left.send(b"x" * 100_000)
            sent += 1

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            before = -1
            while before != sent:
                before = sent
                await trio.testing.wait_all_tasks_blocked(0.05)
            assert sent < 1000
            await right.receive()
            await right.receive()
            for _ in range(20):
                await right.receive()
            nursery.cancel_scope.cancel()


async def test_a_cancelled_receive_loses_nothing(pair: Pair) -> None:
    left, right = pair
    with trio.fail_after(30):
        with trio.move_on_after(0.02) as waiting:
            await right.receive()
        assert waiting.cancelled_caught
        await left.send_many([b"one", b"two"])
        with trio.CancelScope() as cancelled:
            cancelled.cancel()
            await right.receive()
        assert [await right.receive(), await right.receive()] == [b"one", b"two"]


async def test_after_the_peer_closed_its_messages_are_still_received_then_it_is_gone(pair: Pair) -> None:
    left, right = pair
    with trio.fail_after(30):
        await left.send_many([b"one", b"two"])
        await left.aclose()
        assert await right.receive() == b"one"
        assert await right.receive() == b"two"
        with suppress(TransportClosed):
            assert await right.receive() is None
        with pytest.raises(TransportClosed):
            await send_for_ever(right)


async def test_closing_wakes_a_receiver_of_this_end(pair: Pair) -> None:
    left, _right = pair

    async def receive() -> None:
        with pytest.raises(TransportClosed):
            await left.receive()

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive)
            await trio.testing.wait_all_tasks_blocked()
            await left.aclose()
        await left.aclose()
        with pytest.raises(TransportClosed):
            await left.receive()
        with pytest.raises(TransportClosed):
            await left.send(b"too late")


async def test_closing_wakes_a_sender_of_this_end(pair: Pair) -> None:
    left, _right = pair

    async def flood() -> None:
        with pytest.raises(TransportClosed):
            await send_for_ever(left)

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            await trio.testing.wait_all_tasks_blocked(0.05)
            await left.aclose()


async def test_many_small_messages_arrive_each_once_and_in_order(pair: Pair) -> None:
    left, right = pair
    count = 5000

    async def write() -> None:
        for number in range(0, count, 10):
            await left.send_many([b"%d" % (number + more) for more in range(9)])
            await left.send(b"%d" % (number + 9))

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            assert [await right.receive() for _ in range(count)] == [b"%d" % number for number in range(count)]


async def test_a_message_of_many_megabytes_arrives_whole(pair: Pair) -> None:
    left, right = pair
    # Longer than any frame, and of characters that frames cannot be cut between just anywhere.
    message = "äß€".encode() * 2_500_000
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(left.send, message)
            assert await right.receive() == message
        async with trio.open_nursery() as nursery:
            nursery.start_soon(right.send, message)
            assert await left.receive() == message


async def test_a_send_that_was_cancelled_before_it_began_sends_nothing(pair: Pair) -> None:
    left, right = pair
    with trio.fail_after(30):
        with trio.CancelScope() as cancelled:
            cancelled.cancel()
            await left.send(b"never mind")
        await left.send(b"this")
        assert await right.receive() == b"this"


async def test_a_peer_that_goes_away_wakes_who_waits_to_send_to_it(pair: Pair) -> None:
    left, right = pair

    async def flood() -> None:
        with pytest.raises(TransportClosed):
            await send_for_ever(left)

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            await trio.testing.wait_all_tasks_blocked(0.05)
            await right.aclose()


async def test_a_reason_for_closing_is_told_where_there_is_a_way_to(pair: Pair) -> None:
    left, right = pair
    with trio.fail_after(10):
        await right.send(b"last words")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(right.aclose, CloseReason(1013, "come back later"))
            assert await left.receive() == b"last words"
            if left.kind in ("unix", "websocket"):
                with pytest.raises(TransportClosed, match="1013: come back later"):
                    await left.receive()
            else:
                with suppress(TransportClosed):
                    assert await left.receive() is None


async def test_an_in_process_client_can_stop_sending_and_go_on_receiving() -> None:
    client: MemoryTransport
    server, client = memory_transport_pair()
    with trio.fail_after(30):
        await client.send(b"question")
        await client.send_eof()
        assert await server.receive() == b"question"
        assert await server.receive() is None
        await server.send(b"answer")
        assert await client.receive() == b"answer"
    await server.aclose()
    await client.aclose()

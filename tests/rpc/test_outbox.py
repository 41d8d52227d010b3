"""The queue to one client."""

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_trio.rpc.outbox import WRITE_BYTES, Outbox


async def take(outbox: Outbox) -> list[bytes] | None:
    with trio.fail_after(1):
        return await outbox.take()


async def test_what_was_queued_meanwhile_goes_in_one_write() -> None:
    outbox = Outbox()
    for message in (b"a", b"b", b"c"):
        outbox.put(message)
    assert await take(outbox) == [b"a", b"b", b"c"]


async def test_a_write_is_bounded_but_takes_at_least_one_message() -> None:
    outbox = Outbox()
    messages = [b"x" * (WRITE_BYTES * 2), b"y" * (WRITE_BYTES - 1), b"z", b"!"]
    for message in messages:
        outbox.put(message)
    assert await take(outbox) == messages[:1]
    assert await take(outbox) == messages[1:3]
    assert await take(outbox) == messages[3:]


async def test_who_produces_much_waits_until_half_of_it_is_written() -> None:
    outbox = Outbox(high_water=100)
    outbox.put(b"x" * 101)
    assert outbox.congested
    events: list[str] = []

    async def produce() -> None:
        await outbox.ready()
        events.append("room")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(produce)
        await trio.testing.wait_all_tasks_blocked()
        assert await take(outbox) == [b"x" * 101]
        await trio.testing.wait_all_tasks_blocked()
        assert events == [], "taken is not yet written"
        nursery.start_soon(outbox.take)
        await trio.testing.wait_all_tasks_blocked()
        assert events == ["room"]
        nursery.cancel_scope.cancel()


async def test_closing_lets_the_writer_finish_and_drops_what_comes_later() -> None:
    outbox = Outbox()
    outbox.put(b"last words")
    outbox.close()
    outbox.put(b"too late")
    assert await take(outbox) == [b"last words"]
    assert await take(outbox) is None


async def test_closing_wakes_the_writer_and_everybody_who_waits_for_room() -> None:
    outbox = Outbox(high_water=1)
    with trio.fail_after(1):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(outbox.take)
            await trio.testing.wait_all_tasks_blocked()
            outbox.put(b"xx")
            nursery.start_soon(outbox.ready)
            await trio.testing.wait_all_tasks_blocked()
            outbox.close()


async def test_a_client_that_never_reads_is_given_up_once() -> None:
    calls: list[str] = []
    outbox = Outbox(overflow=100, on_overflow=lambda: calls.append("gave up"))
    outbox.put(b"x" * 1000)
    outbox.put(b"y")
    outbox.put(b"z")
    assert calls == ["gave up"]
    assert outbox.closed
    assert outbox.queued_bytes == 0
    assert await take(outbox) is None


async def test_one_message_of_any_size_is_not_an_overflow() -> None:
    outbox = Outbox(overflow=100, on_overflow=pytest.fail)
    outbox.put(b"x" * 10_000)
    assert await take(outbox) == [b"x" * 10_000]


STEPS = st.lists(st.one_of(st.integers(min_value=0, max_value=60), st.just("take"), st.just("ready")), max_size=30)


@settings(deadline=None)
@given(STEPS)
def test_any_schedule_keeps_order_and_count_of_bytes(steps: list[int | str]) -> None:
    trio.run(play, steps)


async def play(steps: list[int | str]) -> None:
    outbox = Outbox(high_water=100)
    sent: list[bytes] = []
    taken: list[bytes] = []
    last_batch: list[bytes] = []
    waiting = 0

    async def wait_for_room() -> None:
        nonlocal waiting
        waiting += 1
        await outbox.ready()
        waiting -= 1

    async with trio.open_nursery() as nursery:
        for step in steps:
            if isinstance(step, int):
                sent.append(bytes([len(sent)]) * step)
                outbox.put(sent[-1])
            elif step == "ready":
                nursery.start_soon(wait_for_room)
            elif len(taken) < len(sent):
                last_batch = await outbox.take() or []
                taken += last_batch
            await trio.testing.wait_all_tasks_blocked()
            unwritten = sum(map(len, sent[len(taken) :])) + sum(map(len, last_batch))
            assert outbox.queued_bytes == unwritten
            assert taken == sent[: len(taken)]
            assert bool(waiting) <= outbox.congested, "who waits does so because the client is behind"
            assert outbox.congested or unwritten <= 100
        outbox.close()
        while (batch := await outbox.take()) is not None:
            taken += batch
    assert taken == sent
    assert waiting == 0

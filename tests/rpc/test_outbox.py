"""The queue to one client."""

import json
from typing import Any, cast

import pytest
import trio
import trio.testing
from codex_trio_protocol.v2.item_events import AgentMessageDeltaNotification, ReasoningTextDeltaNotification
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_trio.rpc.codec import encode_notification
from codex_trio.rpc.deltas import MERGED_BYTES, delta_notification
from codex_trio.rpc.outbox import PEER_LIMITS, SOCKET_LIMITS, WRITE_BYTES, Outbox, OutboxLimits


def limits(*, behind: int = 100, overflow: int = 1_000_000) -> OutboxLimits:
    return OutboxLimits(behind=behind, overflow=overflow, producers_wait=True)


async def take(outbox: Outbox) -> list[bytes] | None:
    """Return what is written next; no message of these tests is in pieces."""
    with trio.fail_after(30):
        return cast("list[bytes] | None", await outbox.take())


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
    outbox = Outbox(limits())
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
    outbox = Outbox(limits(behind=1))
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(outbox.take)
            await trio.testing.wait_all_tasks_blocked()
            outbox.put(b"xx")
            nursery.start_soon(outbox.ready)
            await trio.testing.wait_all_tasks_blocked()
            outbox.close()


async def test_a_client_that_never_reads_is_given_up_once() -> None:
    calls: list[str] = []
    outbox = Outbox(limits(overflow=100), on_overflow=lambda: calls.append("gave up"))
    outbox.put(b"x" * 1000)
    outbox.put(b"y")
    outbox.put(b"z")
    assert calls == ["gave up"]
    assert outbox.closed
    assert outbox.queued_bytes == 0
    assert await take(outbox) is None


async def test_one_message_of_any_size_is_not_an_overflow() -> None:
    outbox = Outbox(limits(overflow=100), on_overflow=pytest.fail)
    outbox.put(b"x" * 10_000)
    assert await take(outbox) == [b"x" * 10_000]


async def test_what_is_being_written_does_not_count_against_a_client_that_takes_it() -> None:
    outbox = Outbox(limits(overflow=100), on_overflow=pytest.fail)
    outbox.put(b"x" * 10_000)
    assert await take(outbox) == [b"x" * 10_000]
    outbox.put(b"y" * 90)
    outbox.put(b"z" * 90)
    assert await take(outbox) == [b"y" * 90, b"z" * 90]


async def test_who_waits_for_the_wire_goes_on_when_its_message_is_written_and_not_before() -> None:
    outbox = Outbox()
    outbox.put(b"before")
    events: list[str] = []

    async def send() -> None:
        assert await outbox.put_and_wait(b"chunk")
        events.append("written")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await trio.testing.wait_all_tasks_blocked()
        outbox.put(b"behind")
        assert await take(outbox) == [b"before", b"chunk", b"behind"]
        await trio.testing.wait_all_tasks_blocked()
        assert events == [], "taken is not yet written"
        nursery.start_soon(outbox.take)
        await trio.testing.wait_all_tasks_blocked()
        assert events == ["written"]
        nursery.cancel_scope.cancel()


async def test_a_stream_that_waits_for_the_wire_has_one_chunk_in_memory() -> None:
    outbox = Outbox()
    chunk = b"x" * 64 * 1024
    most = 0

    async def produce() -> None:
        for _ in range(20):
            assert await outbox.put_and_wait(chunk)
        outbox.close()

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(produce)
            while (batch := await take(outbox)) is not None:
                most = max(most, sum(map(len, batch)) + outbox.queued_bytes - len(chunk))
                await trio.testing.wait_all_tasks_blocked()
    assert most == len(chunk)


async def test_who_waits_for_the_wire_is_told_when_the_client_is_gone() -> None:
    outbox = Outbox()
    told: list[bool] = []

    async def send() -> None:
        told.append(await outbox.put_and_wait(b"chunk"))

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            await trio.testing.wait_all_tasks_blocked()
            outbox.abandon()
            nursery.start_soon(send)
    assert told == [False, False]


async def test_who_gives_up_waiting_for_the_wire_disturbs_nobody_else() -> None:
    outbox = Outbox()
    told: list[bool] = []

    async def send() -> None:
        told.append(await outbox.put_and_wait(b"chunk"))

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            await trio.testing.wait_all_tasks_blocked()
            with trio.move_on_after(0):
                await outbox.put_and_wait(b"impatient")
            outbox.close()
            assert await outbox.take() == [b"chunk", b"impatient"]
            assert await outbox.take() is None
    assert told == [True]


async def test_an_answer_is_written_at_once_when_nothing_else_is_to_be_written() -> None:
    written: list[bytes] = []

    def write_now(message: bytes) -> bool:
        if message != b"too long":
            written.append(message)
        return message != b"too long"

    outbox = Outbox(write_now=write_now)
    outbox.put_now(b"first")
    assert (written, outbox.queued_bytes) == ([b"first"], 0)
    outbox.put_now(b"too long")
    outbox.put_now(b"second")
    assert await take(outbox) == [b"too long", b"second"], "not past what waits"
    outbox.put_now(b"third")
    assert written == [b"first"], "nor past what is being written"
    assert await take(outbox) == [b"third"]
    outbox.close()
    outbox.put_now(b"too late")
    assert written == [b"first"]


def text(stream: int, part: str) -> AgentMessageDeltaNotification:
    return AgentMessageDeltaNotification(thread_id="t", turn_id="u", item_id=f"i{stream}", delta=part)


def put_delta(outbox: Outbox, params: object, *, at: int = 1) -> None:
    method = "item/agentMessage/delta"
    message = encode_notification(method, params, emitted_at_ms=at)
    outbox.put(message, delta_notification(method, params, at))


async def fall_behind(outbox: Outbox, size: int = 101) -> None:
    """From here on the client is behind, with nothing but a write under way."""
    outbox.put(b"x" * size)
    assert await take(outbox) == [b"x" * size]


def messages(batch: list[bytes] | None) -> list[Any]:
    return [json.loads(message) for message in batch or []]


async def test_a_client_that_keeps_up_gets_every_delta_as_it_was_sent() -> None:
    outbox = Outbox()
    for part in "abc":
        put_delta(outbox, text(1, part))
    expected = [encode_notification("item/agentMessage/delta", text(1, part), emitted_at_ms=1) for part in "abc"]
    assert await take(outbox) == expected


async def test_a_client_that_is_behind_gets_the_text_of_an_item_in_one_piece() -> None:
    outbox = Outbox(limits())
    await fall_behind(outbox)
    parts = ["Grüße", ' "quoted" \\ ', "\n\x00\u2028", "\ud83d", '"delta":""', "😀"]
    for number, part in enumerate(parts):
        put_delta(outbox, text(1, part), at=1000 + number)
    [merged] = messages(await take(outbox))
    whole = "".join(parts).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    params = {"threadId": "t", "turnId": "u", "itemId": "i1", "delta": whole}
    assert merged == {"method": "item/agentMessage/delta", "params": params, "emittedAtMs": 1000}


async def test_only_text_of_the_same_part_of_the_same_item_is_merged() -> None:
    outbox = Outbox(limits())
    await fall_behind(outbox)
    put_delta(outbox, text(1, "a"))
    put_delta(outbox, text(2, "b"))
    put_delta(outbox, text(1, "c"))
    for index in (0, 1, 0):
        params = ReasoningTextDeltaNotification(
            thread_id="t", turn_id="u", item_id="i1", delta="r", content_index=index
        )
        put_delta(outbox, params)
    merged = [(m["params"]["itemId"], m["params"]["delta"]) for m in messages(await take(outbox))]
    assert merged == [("i1", "ac"), ("i2", "b"), ("i1", "rr"), ("i1", "r")]


async def test_text_is_not_merged_over_another_message() -> None:
    outbox = Outbox(limits())
    await fall_behind(outbox)
    put_delta(outbox, text(1, "a"))
    put_delta(outbox, text(1, "b"))
    outbox.put(b'"between"')
    put_delta(outbox, text(1, "c"))
    first, between, last = messages(await take(outbox))
    assert (first["params"]["delta"], between, last["params"]["delta"]) == ("ab", "between", "c")


async def test_merged_text_comes_in_pieces_of_bounded_size() -> None:
    outbox = Outbox(limits())
    await fall_behind(outbox)
    for _ in range(40):
        put_delta(outbox, text(1, "y" * 5000))
    batch = await take(outbox) or []
    assert all(len(message) < MERGED_BYTES + 6000 for message in batch)
    assert len(batch) == 3
    assert "".join(message["params"]["delta"] for message in messages(batch)) == "y" * 200_000


async def test_a_merged_stream_takes_the_memory_of_its_text_only() -> None:
    outbox = Outbox(limits(overflow=100_000), on_overflow=pytest.fail)
    await fall_behind(outbox)
    for _ in range(20_000):
        put_delta(outbox, text(1, "word"))
    assert outbox.queued_bytes < 101 + 80_000 + 2 * 200


def test_one_client_behind_a_pipe_is_waited_for_and_one_of_many_is_not() -> None:
    assert Outbox(PEER_LIMITS).producers_wait
    assert not Outbox(SOCKET_LIMITS).producers_wait


PUT = st.integers(min_value=0, max_value=60)
DELTA = st.tuples(st.integers(1, 3), st.text(max_size=8))
STEPS = st.lists(PUT | DELTA | st.sampled_from(["take", "ready", "wire"]), max_size=40)


@settings(deadline=None)
@given(STEPS)
def test_any_schedule_keeps_text_order_and_the_count_of_bytes(steps: list[Any]) -> None:
    trio.run(play, steps)


async def play(steps: list[Any]) -> None:
    outbox = Outbox(limits())
    sent: list[tuple[str, str]] = []
    received: list[tuple[str, str]] = []
    unwritten = 0
    waiting = written = 0

    def receive(batch: list[bytes] | None) -> None:
        received.extend(
            ("plain", message)
            if isinstance(message, str)
            else (message["params"]["itemId"], message["params"]["delta"])
            for message in messages(batch)
        )

    async def wait_for_room() -> None:
        nonlocal waiting
        waiting += 1
        await outbox.ready()
        waiting -= 1

    async def wait_for_wire(message: bytes) -> None:
        nonlocal written
        assert await outbox.put_and_wait(message)
        written += 1

    async with trio.open_nursery() as nursery:
        for number, step in enumerate(steps):
            if isinstance(step, int):
                sent.append(("plain", f"{number} " + "x" * step))
                outbox.put(json.dumps(sent[-1][1]).encode())
            elif isinstance(step, tuple):
                sent.append((f"i{step[0]}", step[1]))
                put_delta(outbox, text(*step))
            elif step == "ready":
                nursery.start_soon(wait_for_room)
            elif step == "wire":
                sent.append(("plain", f"{number} wire"))
                nursery.start_soon(wait_for_wire, json.dumps(sent[-1][1]).encode())
            elif outbox.queued_bytes > unwritten:
                batch = await take(outbox) or []
                unwritten = sum(map(len, batch))
                receive(batch)
            await trio.testing.wait_all_tasks_blocked()
            assert bool(waiting) <= outbox.congested, "who waits does so because the client is behind"
            assert outbox.congested or outbox.queued_bytes <= 100
            assert outbox.queued_bytes >= unwritten
        outbox.close()
        while (batch := await take(outbox)) is not None:
            assert outbox.queued_bytes >= sum(map(len, batch))
            receive(batch)
        assert outbox.queued_bytes == 0
    assert regrouped(received) == regrouped(sent)
    assert waiting == 0
    assert written == steps.count("wire")


def regrouped(log: list[tuple[str, str]]) -> list[tuple[str, Any]]:
    """Return the plain messages, and between any two of them the whole text of each stream."""
    groups: list[tuple[str, Any]] = [("text", {})]
    for stream, part in log:
        if stream == "plain":
            groups += [("plain", part), ("text", {})]
        else:
            texts = groups[-1][1]
            texts[stream] = texts.get(stream, "") + part
    return groups

"""Facts that wait in memory."""

import pytest

from codex_trio.analytics.facts import ClientInitialized
from codex_trio.analytics.sink import FactQueue


def fact(number: int) -> ClientInitialized:
    return ClientInitialized(
        connection_id=number, transport="stdio", client_name="a", client_version="1", experimental_api=False
    )


def test_facts_are_taken_once_and_in_order() -> None:
    queue = FactQueue()
    for number in range(3):
        queue.record(fact(number))
    assert queue.take_all() == [fact(0), fact(1), fact(2)]
    assert queue.take_all() == []


def test_a_full_queue_drops_new_facts_and_warns_once_until_there_is_room_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    queue = FactQueue(capacity=2)
    for number in range(5):
        queue.record(fact(number))
    assert queue.dropped == 3
    assert caplog.text.count("new ones are dropped") == 1
    assert queue.take_all() == [fact(0), fact(1)]
    for number in range(3):
        queue.record(fact(number))
    assert queue.take_all() == [fact(0), fact(1)]
    assert caplog.text.count("new ones are dropped") == 2

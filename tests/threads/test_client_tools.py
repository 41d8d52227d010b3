"""A client that does not answer a call holds its turn up for a bounded time."""

import math
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock

from codex_trio.threads.client_tools import ALONE_SECONDS, CALL_SECONDS, ThreadClientTools
from codex_trio.tools.dynamic import ClientToolAnswer, ClientToolCall, ClientToolFailed
from codex_trio.util.stoppable_clock import StoppableClock

CALL = ClientToolCall(turn_id="t", call_id="c", namespace=None, tool="lookup", arguments={})
ANSWER = ClientToolAnswer(content_items=[], success=True)


class SlowClients:
    """Clients that answer after a while; `voided` when the call was given up before."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.voided = False

    async def call_tool(self, thread_id: str, call: ClientToolCall, followers: Any) -> ClientToolAnswer:
        try:
            await trio.sleep(self.seconds)
        except trio.Cancelled:
            self.voided = True
            raise
        return ANSWER


def tools(clients: SlowClients, *, clock: StoppableClock | None = None, left: bool = False) -> ThreadClientTools:
    async def unfollowed(seconds: float) -> None:
        await trio.sleep(seconds if left else math.inf)

    return ThreadClientTools(
        "thread",
        clients=cast("Any", clients),
        followers=[1],
        unfollowed=unfollowed,
        clock=clock or StoppableClock(),
    )


async def test_an_answer_in_time_counts(autojump_clock: MockClock) -> None:
    assert await tools(SlowClients(CALL_SECONDS - 1)).call(CALL) is ANSWER


async def test_a_client_that_never_answers_is_given_up(autojump_clock: MockClock) -> None:
    clients = SlowClients(10 * CALL_SECONDS)
    with pytest.raises(ClientToolFailed, match="no answer within 600 seconds"):
        await tools(clients).call(CALL)
    assert clients.voided
    assert trio.current_time() == pytest.approx(CALL_SECONDS)


async def test_a_thread_that_nobody_follows_waits_for_no_client(autojump_clock: MockClock) -> None:
    clients = SlowClients(CALL_SECONDS)
    with pytest.raises(ClientToolFailed, match="no client that could run the tool"):
        await tools(clients, left=True).call(CALL)
    assert clients.voided
    assert trio.current_time() == pytest.approx(ALONE_SECONDS)


async def test_no_time_passes_while_the_client_asks_its_user(autojump_clock: MockClock) -> None:
    clock = StoppableClock()
    clock.stop()
    assert await tools(SlowClients(3 * CALL_SECONDS), clock=clock).call(CALL) is ANSWER

"""A server that lets a client go: what the client still gets, and what it is told."""

from typing import Any

import pytest
import trio
import trio.testing
from codex_trio_protocol.v2.client_call import CurrentTimeReadParams
from rpc_harness import Client, Server, ToldTransport, make_outgoing, serving

from codex_trio.rpc.connection import HURRIED_FLUSH_SECONDS, Connection
from codex_trio.rpc.context import RequestContext
from codex_trio.transport.memory import memory_transport_pair
from codex_trio.util.close_reason import CloseReason

REASON = CloseReason(1001, "going away")
REFUSAL = {
    "code": -32600,
    "message": "Server is draining; retry after reconnecting",
    "data": {"reason": "serverShuttingDown"},
}


async def told_client(server: Server, *, capacity: int = 16) -> tuple[Client, Connection, ToldTransport]:
    """Return an initialized client, its connection, and the server's end of its transport."""
    ours, theirs = memory_transport_pair(capacity)
    transport = ToldTransport(ours)
    connection = server.serve(transport)
    client = Client(theirs)
    await client.initialize()
    return client, connection, transport


async def test_an_idle_client_is_let_go_with_the_reason() -> None:
    async with serving() as server:
        client, connection, transport = await told_client(server)
        connection.close(REASON, at_once=False)
        assert await client.receive() is None
        assert transport.reasons == [REASON]
        assert server.outgoing.connections() == []


async def test_requests_under_way_are_answered_and_later_ones_refused_before_the_client_is_let_go() -> None:
    done = trio.Event()

    async def work(params: Any, context: RequestContext) -> dict[str, Any]:
        await done.wait()
        return {"thread": params.thread_id}

    async with serving({"thread/read": work}) as server:
        client, connection, transport = await told_client(server)
        for name in ("running", "waiting for it"):
            await client.send({"id": name, "method": "thread/read", "params": {"threadId": "t"}})
        await trio.testing.wait_all_tasks_blocked()
        connection.close(REASON, at_once=False)
        assert await client.request("thread/loaded/list", params={}) == REFUSAL
        done.set()
        assert await client.answer_to("running") == {"thread": "t"}
        assert await client.answer_to("waiting for it") == {"thread": "t"}
        assert await client.receive() is None
        assert transport.reasons == [REASON]


async def test_a_request_that_waits_for_its_client_still_gets_the_reply() -> None:
    outgoing = make_outgoing()

    async def tell_time(params: Any, context: RequestContext) -> dict[str, Any]:
        question = CurrentTimeReadParams(thread_id=params.thread_id)
        pending = outgoing.request("currentTime/read", question, thread_id=None, targets=[context.connection.id])
        return {"time": (await pending.wait()).current_time_at}

    async with serving({"thread/read": tell_time}, outgoing=outgoing) as server:
        client, connection, _ = await told_client(server)
        await client.send({"id": 1, "method": "thread/read", "params": {"threadId": "t"}})
        question = await client.receive()
        connection.close(REASON, at_once=False)
        await client.send({"id": question["id"], "result": {"currentTimeAt": 5}})
        assert await client.answer_to(1) == {"time": 5}
        assert await client.receive() is None


async def test_in_a_hurry_requests_are_cancelled_and_what_is_queued_is_still_written() -> None:
    cancelled = trio.Event()

    async def endless(params: Any, context: RequestContext) -> None:
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()

    async with serving({"thread/read": endless}) as server:
        client, connection, transport = await told_client(server)
        await client.send({"id": 1, "method": "thread/read", "params": {"threadId": "t"}})
        await trio.testing.wait_all_tasks_blocked()
        server.outgoing.notify("turn/completed", {"n": 1})
        connection.close(REASON, at_once=True)
        assert (await client.receive())["method"] == "turn/completed"
        assert await client.receive() is None
        assert cancelled.is_set()
        assert transport.reasons == [REASON]


async def test_in_a_hurry_a_client_that_does_not_read_is_hardly_waited_for(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with serving() as server:
        client, connection, transport = await told_client(server, capacity=0)
        server.outgoing.notify("turn/completed", {"n": 1})
        started = trio.current_time()
        connection.close(REASON, at_once=False)
        await trio.testing.wait_all_tasks_blocked()
        connection.close(REASON, at_once=True)
        while not transport.reasons:  # noqa: ASYNC110  # the server's end sets it
            await trio.sleep(0.01)
        assert trio.current_time() - started == pytest.approx(HURRIED_FLUSH_SECONDS, abs=0.05)
        await client.transport.aclose()

"""A connection from its first message to its end."""

import os
from typing import Any

import pytest
import trio
import trio.testing
from codex_trio_protocol.v2.client_call import CurrentTimeReadParams
from rpc_harness import Client, make_outgoing, serving

from codex_trio.rpc.connection import ANSWER_SECONDS, FLUSH_SECONDS, MAX_IN_FLIGHT
from codex_trio.rpc.context import RequestContext
from codex_trio.transport.stdio import StdioTransport


class Work:
    """A handler for thread/read that reports its steps and ends when the test says so."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self._gates: dict[str, trio.Event] = {}

    async def __call__(self, params: Any, context: RequestContext) -> dict[str, Any]:
        name = str(context.request_id)
        self.steps.append(f"{name} starts")
        try:
            await self._gate(name).wait()
        except trio.Cancelled:
            self.steps.append(f"{name} is cancelled")
            raise
        self.steps.append(f"{name} ends")
        return {"name": name}

    def let(self, name: str) -> None:
        self._gate(name).set()

    def _gate(self, name: str) -> trio.Event:
        return self._gates.setdefault(name, trio.Event())


async def read(client: Client, name: str, thread: str = "t") -> None:
    await client.send({"id": name, "method": "thread/read", "params": {"threadId": thread}})


async def test_requests_of_a_thread_run_in_order_across_connections_and_other_threads_do_not_wait() -> None:
    work = Work()
    async with serving({"thread/read": work}) as server:
        one, two = await server.client(), await server.client()
        await read(one, "a")
        await trio.testing.wait_all_tasks_blocked()
        await read(two, "b")
        await trio.testing.wait_all_tasks_blocked()
        await read(one, "c")
        await read(one, "elsewhere", thread="t2")
        await trio.testing.wait_all_tasks_blocked()
        assert work.steps == ["a starts", "elsewhere starts"]
        for name in ("c", "b", "a"):
            work.let(name)
        assert await one.answer_to("a") == {"name": "a"}
        assert await two.answer_to("b") == {"name": "b"}
        assert await one.answer_to("c") == {"name": "c"}
        assert work.steps[2:] == ["a ends", "b starts", "b ends", "c starts", "c ends"]


async def test_a_slow_request_does_not_hold_up_what_came_later() -> None:
    work = Work()
    async with serving({"thread/read": work}) as server:
        client = await server.client()
        await read(client, "slow")
        assert "error" not in await client.request("thread/loaded/list", params={})
        work.let("slow")
        assert await client.answer_to("slow") == {"name": "slow"}


async def test_what_follows_initialize_waits_for_it() -> None:
    opened = trio.Event()

    async def initialize(params: Any, context: RequestContext) -> dict[str, Any]:
        await opened.wait()
        return {}

    async with serving({"initialize": initialize}) as server:
        client = server.connect()
        await client.send({"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "a", "version": "1"}}})
        await client.send({"id": 2, "method": "thread/loaded/list", "params": {}})
        await trio.testing.wait_all_tasks_blocked()
        opened.set()
        assert [(await client.receive())["id"] for _ in range(2)] == [1, 2]


async def test_a_client_that_goes_away_takes_its_requests_along_and_nobody_elses() -> None:
    work = Work()
    async with serving({"thread/read": work}) as server:
        leaver, stayer = await server.client(), await server.client()
        await read(leaver, "running")
        await read(leaver, "queued")
        await trio.testing.wait_all_tasks_blocked()
        await read(stayer, "mine")
        await trio.testing.wait_all_tasks_blocked()
        await leaver.transport.aclose()
        work.let("mine")
        assert await stayer.answer_to("mine") == {"name": "mine"}
        assert work.steps == ["running starts", "running is cancelled", "mine starts", "mine ends"]
        assert [handle.id for handle in server.outgoing.connections()] == [2]


async def test_at_the_end_of_the_input_requests_are_still_answered(autojump_clock: trio.testing.MockClock) -> None:
    work = Work()
    async with serving({"thread/read": work}) as server:
        client = await server.client()
        await read(client, "first")
        await read(client, "second")
        await client.transport.send_eof()
        await trio.sleep(ANSWER_SECONDS / 2)
        work.let("first")
        work.let("second")
        assert await client.answer_to("first") == {"name": "first"}
        assert await client.answer_to("second") == {"name": "second"}
        assert await client.receive() is None
        assert trio.current_time() < ANSWER_SECONDS
        assert server.outgoing.connections() == []


async def test_at_the_end_of_the_input_a_request_without_end_is_not_waited_for(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    work = Work()
    async with serving({"thread/read": work}) as server:
        client = await server.client()
        await read(client, "endless")
        started = trio.current_time()
        await client.transport.send_eof()
        assert await client.receive() is None
        assert trio.current_time() - started == pytest.approx(ANSWER_SECONDS)
        assert work.steps == ["endless starts", "endless is cancelled"]
    assert "connection 1: 1 requests were left unanswered" in caplog.text


async def test_at_shutdown_what_is_queued_is_still_written() -> None:
    work = Work()
    async with serving({"thread/read": work}) as server:
        client = await server.client()
        await read(client, "cut short")
        await trio.testing.wait_all_tasks_blocked()
        server.outgoing.notify("turn/completed", {"n": 1})
        server.shut_down()
        with trio.CancelScope(shield=True):
            assert (await client.receive())["method"] == "turn/completed"
            assert await client.receive() is None
    assert work.steps == ["cut short starts", "cut short is cancelled"]


async def test_a_client_that_does_not_read_delays_the_shutdown_for_a_while_only(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as server:
        client = await server.client(capacity=0)
        server.outgoing.notify("turn/completed", {"n": 1})
        started = trio.current_time()
        server.shut_down()
    assert trio.current_time() - started == pytest.approx(FLUSH_SECONDS)
    assert "the client did not take its last messages" in caplog.text
    await client.transport.aclose()


async def test_a_client_that_never_reads_is_disconnected(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    async with serving({"thread/read": work}) as server:
        client = server.connect(capacity=0, overflow_bytes=100_000)
        await client.initialize()
        bystander = await server.client()
        await read(client, "request")
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(4):
            server.outgoing.notify("thread/started", {"n": "x" * 60_000}, targets=[1])
        await trio.testing.wait_all_tasks_blocked()
        assert work.steps == ["request starts", "request is cancelled"]
        assert [handle.id for handle in server.outgoing.connections()] == [2]
        assert "error" not in await bystander.request("thread/loaded/list", params={})
    assert "connection 1: disconnected, because the client does not read" in caplog.text


async def test_who_does_not_read_answers_is_not_asked_for_more_requests() -> None:
    answered = 0

    async def big(params: Any, context: RequestContext) -> dict[str, Any]:
        nonlocal answered
        answered += 1
        return {"big": "x" * 300_000}

    async with serving({"thread/list": big}) as server:
        client = await server.client(capacity=0)

        async def ask() -> None:
            for number in range(60):
                await client.send({"id": number, "method": "thread/list", "params": {}})

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            assert answered < 10
            assert [(await client.receive())["id"] for _ in range(60)] == list(range(60))


async def test_requests_without_end_are_bounded_and_replies_still_get_through() -> None:
    outgoing = make_outgoing()

    async def tell_time(params: Any, context: RequestContext) -> dict[str, Any]:
        question = CurrentTimeReadParams(thread_id=params.thread_id)
        pending = outgoing.request("currentTime/read", question, thread_id=None, targets=[context.connection.id])
        return {"time": (await pending.wait()).current_time_at}

    async with serving({"thread/read": tell_time}, outgoing=outgoing) as server:
        client = await server.client()
        for number in range(MAX_IN_FLIGHT + 1):
            await client.send({"id": number, "method": "thread/read", "params": {"threadId": "t"}})
        question = await client.receive()
        assert question["method"] == "currentTime/read"
        assert await client.receive() == {
            "id": MAX_IN_FLIGHT,
            "error": {"code": -32001, "message": "Server overloaded; retry later."},
        }
        await client.send({"id": question["id"], "result": {"currentTimeAt": 5}})
        assert await client.answer_to(0) == {"time": 5}


async def test_a_line_over_the_limit_gets_a_warning_and_the_next_one_an_answer() -> None:
    server_in, client_out = os.pipe()
    client_in, server_out = os.pipe()
    client_end = StdioTransport(client_in, client_out)
    async with serving() as server:
        server.serve(StdioTransport(server_in, server_out, max_message_bytes=1000))
        await client_end.send(b'{"id":1,"method":"initialize","params":{"clientInfo":{"name":"a","version":"1"}}}')
        assert await client_end.receive() == b'{"id":1,"result":{"userAgent":"a"}}'
        await client_end.send(b'{"id":2,"method":"thread/read","params":{"threadId":"%s"}}' % (b"x" * 5000))
        assert b"longer than 1000 bytes and was discarded" in (await client_end.receive() or b"")
        await client_end.send(b'{"id":3,"method":"thread/loaded/list","params":{}}')
        assert await client_end.receive() == b'{"id":3,"result":{"data":[],"nextCursor":null}}'
        await client_end.aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert server.outgoing.connections() == []

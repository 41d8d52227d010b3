"""A connection from its first message to its end."""

import os
from typing import Any

import pytest
import trio
import trio.testing
from codex_trio_protocol.table import CLIENT_REQUESTS
from codex_trio_protocol.v2.client_call import CurrentTimeReadParams
from codex_trio_protocol.v2.item_events import AgentMessageDeltaNotification
from rpc_harness import Client, Server, ToldTransport, make_outgoing, serving

from codex_trio.rpc.connection import ANSWER_SECONDS, FLUSH_SECONDS, TOO_SLOW
from codex_trio.rpc.context import RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.rpc.in_flight import MAKE_ROOM, MAX_REQUESTS, STALL_SECONDS, UNREAD_SECONDS
from codex_trio.rpc.outbox import OutboxLimits
from codex_trio.transport.memory import memory_transport_pair
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


async def test_a_handler_that_never_waits_has_its_turn_like_any_other() -> None:
    work = Work()
    calls: list[str] = []

    def rename(params: Any, context: RequestContext) -> dict[str, Any]:
        calls.append(params.name)
        if params.name == "bad":
            raise invalid_request("bad name")
        context.after_response(lambda: calls.append(f"{params.name} is answered"))
        return {"name": params.name}

    async with serving({"thread/read": work, "thread/name/set": rename}) as server:
        client = await server.client()
        name = {"threadId": "t", "name": "first"}
        assert await client.request("thread/name/set", params=name) == {"name": "first"}
        await read(client, "slow")
        for number, new_name in enumerate(("bad", "good")):
            params = {"threadId": "t", "name": new_name}
            await client.send({"id": number, "method": "thread/name/set", "params": params})
        await client.settle()
        assert calls == ["first", "first is answered"], "it waits for what came before"
        work.let("slow")
        assert await client.answer_to("slow") == {"name": "slow"}
        assert await client.receive() == {"id": 0, "error": {"code": -32600, "message": "bad name"}}
        assert await client.receive() == {"id": 1, "result": {"name": "good"}}
        assert calls[2:] == ["bad", "good", "good is answered"]


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
        await trio.testing.wait_all_tasks_blocked()  # what the leaver owned is closed after its requests
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


async def connect_socket(server: Server, *, capacity: int = 16, **options: Any) -> tuple[Client, ToldTransport]:
    """Return an initialized client that may not be paced, and the server's end of its transport."""
    ours, theirs = memory_transport_pair(capacity)
    socket = ToldTransport(ours, kind="websocket")
    server.serve(socket, **options)
    client = Client(theirs)
    await client.initialize()
    return client, socket


async def test_a_client_that_never_reads_is_told_why_it_is_disconnected(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work()
    limits = OutboxLimits(behind=50_000, overflow=100_000, producers_wait=False)
    async with serving({"thread/read": work}) as server:
        client, socket = await connect_socket(server, capacity=0, limits=limits)
        bystander = await server.client()
        await read(client, "request")
        await trio.testing.wait_all_tasks_blocked()
        for number in range(4):
            server.outgoing.notify("thread/started", {"n": "x" * 60_000}, targets=[1])
            await trio.testing.wait_all_tasks_blocked()
            # The write under way does not count, and any message may come on top of the bound.
            assert work.steps == ["request starts", "request is cancelled"][: 1 if number < 3 else 2]
        assert "error" not in await bystander.request("thread/loaded/list", params={})
        assert (await client.receive())["params"]["n"][:1] == "x", "what was being written is written"
        assert await client.receive() is None
        await trio.testing.wait_all_tasks_blocked()
        assert socket.reasons == [TOO_SLOW]
        assert [handle.id for handle in server.outgoing.connections()] == [2]
    assert "connection 1: disconnected, because the client does not read" in caplog.text


async def test_a_client_that_stopped_for_good_is_let_go_after_a_while(autojump_clock: trio.testing.MockClock) -> None:
    limits = OutboxLimits(behind=50_000, overflow=100_000, producers_wait=False)
    async with serving() as server:
        _client, socket = await connect_socket(server, capacity=0, limits=limits)
        for _ in range(4):
            server.outgoing.notify("thread/started", {"n": "x" * 60_000}, targets=[1])
            await trio.testing.wait_all_tasks_blocked()
        assert socket.reasons == []
        await trio.sleep(FLUSH_SECONDS + 1)
        assert server.outgoing.connections() == []
        assert socket.reasons == [TOO_SLOW]


async def test_one_client_that_does_not_read_is_not_felt_by_the_others_of_a_thread(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with serving() as server:
        _stopped, _ = await connect_socket(server, capacity=0)
        quick = await server.client()
        received: list[str] = []

        async def follow() -> None:
            while len(received) < 2000:
                received.append((await quick.receive())["params"]["delta"])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(follow)
            for number in range(2000):
                delta = AgentMessageDeltaNotification(
                    thread_id="t", turn_id="u", item_id="i", delta=f"{number}" + "x" * 2000
                )
                server.outgoing.notify("item/agentMessage/delta", delta)
                await server.outgoing.ready()
        assert len(received) == 2000


async def test_a_client_that_was_behind_gets_all_of_the_text() -> None:
    async with serving() as server:
        client, _ = await connect_socket(server, capacity=0)
        parts = [f"{number} " for number in range(20_000)]
        for part in parts:
            delta = AgentMessageDeltaNotification(thread_id="t", turn_id="u", item_id="i", delta=part)
            server.outgoing.notify("item/agentMessage/delta", delta)
        server.outgoing.notify("turn/completed", {})
        received: list[str] = []
        while (message := await client.receive())["method"] == "item/agentMessage/delta":
            received.append(message["params"]["delta"])
        assert "".join(received) == "".join(parts)
        assert len(received) < len(parts) / 2


async def test_a_chunk_of_output_is_sent_when_the_one_before_it_is_on_the_wire() -> None:
    async with serving() as server:
        client = await server.client(capacity=0)
        sent = 0

        async def stream() -> None:
            nonlocal sent
            for number in range(5):
                params = {"processId": "p", "n": number}
                assert await server.outgoing.send_and_wait("command/exec/outputDelta", params, target=1)
                sent += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream)
            for number in range(5):
                await trio.testing.wait_all_tasks_blocked()
                assert sent == number
                assert (await client.receive())["params"]["n"] == number
        assert sent == 5


async def test_output_for_nobody_is_not_waited_for() -> None:
    async with serving() as server:
        await server.client(optOutNotificationMethods=["command/exec/outputDelta"])
        for target in (1, 99):
            assert not await server.outgoing.send_and_wait("command/exec/outputDelta", {}, target=target)


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


async def test_who_reads_only_after_sending_everything_is_refused_some_and_answered_always(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def big(params: Any, context: RequestContext) -> dict[str, Any]:
        return {"big": "x" * 300_000}

    async with serving({"thread/list": big}) as server:
        client = await server.client(capacity=0)
        for number in range(60):
            await client.send({"id": number, "method": "thread/list", "params": {}})
        assert trio.current_time() == pytest.approx(UNREAD_SECONDS)
        answers = [await client.receive() for _ in range(60)]
        assert sorted(answer["id"] for answer in answers) == list(range(60))
        refused = [answer for answer in answers if "error" in answer]
        assert 0 < len(refused) < 60
        assert {answer["error"]["code"] for answer in refused} == {-32001}


OVERLOADED = {"code": -32001, "message": "Server overloaded; retry later."}


async def test_a_socket_client_is_refused_what_is_too_much_at_once() -> None:
    work = Work()
    async with serving({"thread/list": work}) as server:
        client, _ = await connect_socket(server)
        for number in range(MAX_REQUESTS + 3):
            await client.send({"id": number, "method": "thread/list", "params": {}})
        for number in range(MAX_REQUESTS, MAX_REQUESTS + 3):
            assert await client.receive() == {"id": number, "error": OVERLOADED}
        work.let("5")
        assert await client.answer_to(5) == {"name": "5"}
        await read(client, "more")
        assert (await client.request("thread/loaded/list", params={})) == {"data": [], "nextCursor": None}


async def test_requests_that_carry_much_count_for_more() -> None:
    work = Work()
    async with serving({"thread/list": work}) as server:
        client, _ = await connect_socket(server)
        big = {"searchTerm": "x" * 30_000_000}
        for number in range(4):
            await client.send({"id": number, "method": "thread/list", "params": big})
        assert await client.receive() == {"id": 3, "error": OVERLOADED}


@pytest.mark.parametrize(
    ("count", "search"), [(MAX_REQUESTS + 1, ""), (4, "x" * 30_000_000)], ids=["many requests", "big requests"]
)
async def test_what_ends_something_is_taken_where_there_is_no_room_for_more(count: int, search: str) -> None:
    work = Work()

    def kill(params: Any, context: RequestContext) -> dict[str, Any]:
        for number in range(count - 1):
            work.let(str(number))
        return {}

    async with serving({"thread/list": work, "command/exec/terminate": kill}) as server:
        client, _ = await connect_socket(server)
        for number in range(count):
            await client.send({"id": number, "method": "thread/list", "params": {"searchTerm": search}})
        assert await client.receive() == {"id": count - 1, "error": OVERLOADED}
        assert (await client.request("command/exec/terminate", params={"processId": "p"})) == {}
        assert await client.answer_to(count - 2) == {"name": str(count - 2)}


async def test_as_many_more_of_what_ends_something_are_taken_and_no_more() -> None:
    async with serving({"turn/interrupt": Work()}) as server:
        client, _ = await connect_socket(server)
        for number in range(2 * MAX_REQUESTS + 1):
            await client.send({"id": number, "method": "turn/interrupt", "params": {"threadId": "t", "turnId": "t"}})
        assert await client.receive() == {"id": 2 * MAX_REQUESTS, "error": OVERLOADED}


def test_what_makes_room_is_known_to_the_protocol() -> None:
    assert CLIENT_REQUESTS.keys() >= MAKE_ROOM


async def test_a_newcomer_is_answered_while_others_have_all_that_they_may() -> None:
    work = Work()
    async with serving({"thread/list": work}) as server:
        for _ in range(3):
            busy, _ = await connect_socket(server)
            for number in range(MAX_REQUESTS + 1):
                await busy.send({"id": number, "method": "thread/list", "params": {}})
            assert (await busy.receive())["error"] == OVERLOADED
        newcomer = server.connect()
        assert "userAgent" in await newcomer.initialize()


async def test_a_client_behind_a_pipe_waits_until_its_requests_have_room(
    autojump_clock: trio.testing.MockClock,
) -> None:
    started = 0
    gate = trio.Event()

    async def slow(params: Any, context: RequestContext) -> dict[str, Any]:
        nonlocal started
        started += 1
        await gate.wait()
        return {}

    async with serving({"thread/list": slow}) as server:
        client = await server.client()
        total = MAX_REQUESTS + 500

        async def ask() -> None:
            for number in range(total):
                await client.send({"id": number, "method": "thread/list", "params": {}})

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            assert started == MAX_REQUESTS
            gate.set()
            answers = [await client.receive() for _ in range(total)]
        assert sorted(answer["id"] for answer in answers) == list(range(total))
        assert all("result" in answer for answer in answers)


async def test_requests_that_wait_for_the_client_do_not_keep_its_reply_from_being_read(
    autojump_clock: trio.testing.MockClock,
) -> None:
    outgoing = make_outgoing()

    async def tell_time(params: Any, context: RequestContext) -> dict[str, Any]:
        question = CurrentTimeReadParams(thread_id=params.thread_id)
        pending = outgoing.request("currentTime/read", question, thread_id=None, targets=[context.connection.id])
        return {"time": (await pending.wait()).current_time_at}

    async with serving({"thread/read": tell_time}, outgoing=outgoing) as server:
        client = await server.client()
        for number in range(MAX_REQUESTS + 2):
            await client.send({"id": number, "method": "thread/read", "params": {"threadId": "t"}})
        question = await client.receive()
        assert question["method"] == "currentTime/read"
        for number in (MAX_REQUESTS, MAX_REQUESTS + 1):
            assert await client.receive() == {"id": number, "error": OVERLOADED}
        assert trio.current_time() == pytest.approx(STALL_SECONDS)
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

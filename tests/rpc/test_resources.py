"""What a client has of its own besides its requests: it ends by itself, when it is told to, or with its client."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing
from codex_trio_protocol.v2.fs import FsChangedNotification
from rpc_harness import Client, make_outgoing, serving

from codex_trio.rpc.context import RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.rpc.resources import CLOSE_SECONDS, ConnectionResources, DuplicateResource
from codex_trio.transport.memory import memory_transport_pair
from codex_trio.util.close_reason import CloseReason


class Watch:
    """A resource that does what a test says, and notes how it ended."""

    def __init__(self) -> None:
        self.work: Callable[[], Awaitable[object]] = trio.sleep_forever
        self.before: Callable[[], Awaitable[object]] = trio.lowlevel.checkpoint
        self.closing: Callable[[], Awaitable[object]] = trio.lowlevel.checkpoint
        self.notes: list[str] = []

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        try:
            await self.before()
            task_status.started()
            await self.work()
            self.notes.append("over")
        except trio.Cancelled:
            self.notes.append("cancelled")
            raise

    async def aclose(self) -> None:
        self.notes.append("closing")
        await self.closing()
        self.notes.append("closed")


class Search(Watch):
    """Another kind."""


class Watches:
    """Handlers that start and end watches; the next one of them is the test's to prepare."""

    def __init__(self, kind: type[Watch] = Watch) -> None:
        self._kind = kind
        self.next = kind()
        self.contexts: list[RequestContext] = []

    async def watch(self, params: Any, context: RequestContext) -> dict[str, Any]:
        watch, self.next = self.next, self._kind()
        self.contexts.append(context)
        try:
            await context.connection.resources.start(params.watch_id, watch)
        except DuplicateResource:
            raise invalid_request(f"watchId already exists: {params.watch_id}") from None
        return {"path": params.path}

    async def unwatch(self, params: Any, context: RequestContext) -> dict[str, Any]:
        return {"ended": await context.connection.resources.end(self._kind, params.watch_id)}

    @property
    def handlers(self) -> dict[str, Any]:
        return {"fs/watch": self.watch, "fs/unwatch": self.unwatch}


async def watch(client: Client, watch_id: str = "w") -> Any:
    return await client.request("fs/watch", params={"watchId": watch_id, "path": "/tmp"})


async def unwatch(client: Client, watch_id: str = "w") -> Any:
    return await client.request("fs/unwatch", params={"watchId": watch_id})


async def test_a_disconnect_cancels_and_awaits_what_the_client_has_before_the_connection_is_gone() -> None:
    watches = Watches()
    first = watches.next
    may_close = trio.Event()
    first.closing = may_close.wait
    async with serving(watches.handlers) as server:
        client = await server.client()
        await watch(client, "one")
        second = watches.next
        await watch(client, "two")
        await client.transport.aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert first.notes == ["cancelled", "closing"]
        assert second.notes == ["cancelled", "closing", "closed"]
        assert len(server.outgoing.connections()) == 1
        may_close.set()
        await trio.testing.wait_all_tasks_blocked()
        assert first.notes == ["cancelled", "closing", "closed"]
        assert server.outgoing.connections() == []


async def test_the_end_of_the_server_closes_them_too() -> None:
    watches = Watches()
    first = watches.next
    async with serving(watches.handlers) as server:
        await watch(await server.client())
        server.shut_down()
    assert first.notes == ["cancelled", "closing", "closed"]


async def test_an_id_is_the_clients_own_and_taken_until_the_resource_is_closed() -> None:
    watches = Watches()
    first = watches.next
    may_close = trio.Event()
    first.closing = may_close.wait
    async with serving(watches.handlers) as server:
        client, other = await server.client(), await server.client()
        assert "path" in await watch(client)
        refusal = {"code": -32600, "message": "watchId already exists: w"}
        assert await watch(client) == refusal
        assert "path" in await watch(other)
        await client.send({"id": 1, "method": "fs/unwatch", "params": {"watchId": "w"}})
        await trio.testing.wait_all_tasks_blocked()
        assert first.notes == ["cancelled", "closing"]
        assert watches.contexts[0].connection.resources.find(Watch, "w") is first
        may_close.set()
        assert await client.answer_to(1) == {"ended": True}
        assert await unwatch(client) == {"ended": False}
        assert "path" in await watch(client)


async def test_resources_of_several_kinds_share_no_ids() -> None:
    watches, searches = Watches(), Watches(Search)
    async with serving({"fs/watch": watches.watch, "fs/unwatch": searches.unwatch}) as server:
        client = await server.client()
        await watch(client)
        (context,) = watches.contexts
        resources = context.connection.resources
        search = Search()
        resources.own("w", search)
        assert (resources.find(Search, "w"), resources.find(Search, "x")) == (search, None)
        assert await unwatch(client) == {"ended": True}
        assert search.notes == ["closing", "closed"]
        assert resources.find(Watch, "w") is not None


async def test_a_resource_that_ends_by_itself_is_closed_and_leaves() -> None:
    watches = Watches()
    first = watches.next
    ends = trio.Event()
    first.work = ends.wait
    async with serving(watches.handlers) as server:
        client = await server.client()
        await watch(client)
        ends.set()
        await trio.testing.wait_all_tasks_blocked()
        assert first.notes == ["over", "closing", "closed"]
        assert watches.contexts[0].connection.resources.find(Watch, "w") is None
        assert "path" in await watch(client)


async def test_what_cannot_be_started_is_answered_and_leaves_its_id_free() -> None:
    async def fail() -> None:
        await trio.lowlevel.checkpoint()
        raise invalid_request("no such folder")

    watches = Watches()
    first = watches.next
    first.before = fail
    async with serving(watches.handlers) as server:
        client = await server.client()
        assert await watch(client) == {"code": -32600, "message": "no such folder"}
        assert first.notes == ["closing", "closed"]
        assert "path" in await watch(client)


async def test_one_that_breaks_takes_nothing_with_it(caplog: pytest.LogCaptureFixture) -> None:
    breaks = trio.Event()

    async def work() -> None:
        await breaks.wait()
        raise RuntimeError("trouble")

    async def fail_to_close() -> None:
        await trio.lowlevel.checkpoint()
        raise RuntimeError("more trouble")

    watches = Watches()
    watches.next.work, watches.next.closing = work, fail_to_close
    async with serving(watches.handlers) as server:
        client = await server.client()
        await watch(client, "one")
        second = watches.next
        await watch(client, "two")
        breaks.set()
        await trio.testing.wait_all_tasks_blocked()
        assert second.notes == []
        assert "path" in await watch(client, "one")
    assert "Watch 'one' of a client broke" in caplog.text
    assert "closing Watch 'one' of a client failed" in caplog.text


async def test_one_that_is_being_started_when_the_client_goes_is_closed() -> None:
    watches = Watches()
    first = watches.next
    first.before = trio.sleep_forever
    async with serving(watches.handlers) as server:
        client = await server.client()
        await client.send({"id": 1, "method": "fs/watch", "params": {"watchId": "w", "path": "/tmp"}})
        await trio.testing.wait_all_tasks_blocked()
        await client.transport.aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert first.notes == ["cancelled", "closing", "closed"]
        assert server.outgoing.connections() == []


async def test_one_that_does_not_close_is_given_up_in_time(
    autojump_clock: trio.testing.MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    watches = Watches()
    first = watches.next
    first.closing = trio.sleep_forever
    async with serving(watches.handlers) as server:
        client = await server.client()
        await watch(client)
        await client.transport.aclose()
        await trio.sleep(CLOSE_SECONDS - 1)
        assert len(server.outgoing.connections()) == 1
        await trio.sleep(2)
        assert server.outgoing.connections() == []
    assert first.notes == ["cancelled", "closing"]
    assert "was not closed within" in caplog.text


async def test_who_streams_goes_no_faster_than_the_client_reads_and_stops_with_it() -> None:
    outgoing = make_outgoing()
    watches = Watches()
    first = watches.next
    sent: list[bool] = []

    async def stream() -> None:
        change = FsChangedNotification(watch_id="w", changed_paths=["/tmp/" + "x" * 10_000])
        target = watches.contexts[0].connection.id
        while True:
            sent.append(await outgoing.send_and_wait("fs/changed", change, target=target))

    first.work = stream
    async with serving(watches.handlers, outgoing=outgoing) as server:
        client = await server.client(capacity=0)
        await client.send({"id": 1, "method": "fs/watch", "params": {"watchId": "w", "path": "/tmp"}})
        for count in range(5):
            message = await client.receive()
            await trio.testing.wait_all_tasks_blocked()
            assert message is not None
            assert len(sent) <= count + 1
        await client.transport.aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert all(sent)
        assert first.notes == ["cancelled", "closing", "closed"]


async def test_its_last_words_reach_a_client_that_is_let_go() -> None:
    outgoing = make_outgoing()
    watches = Watches()

    async def tell() -> None:
        await trio.lowlevel.checkpoint()
        change = FsChangedNotification(watch_id="w", changed_paths=[])
        outgoing.notify("fs/changed", change, targets=[watches.contexts[0].connection.id])

    watches.next.closing = tell
    async with serving(watches.handlers, outgoing=outgoing) as server:
        ours, theirs = memory_transport_pair(16)
        connection, client = server.serve(ours), Client(theirs)
        await client.initialize()
        await watch(client)
        connection.close(CloseReason(1001, "going away"), at_once=False)
        assert (await client.receive())["method"] == "fs/changed"
        assert await client.receive() is None


async def test_who_started_one_hears_of_its_end_when_its_id_is_free_again() -> None:
    resources = ConnectionResources()
    told: list[bool] = []

    def closed() -> None:
        told.append(resources.find(Watch, "w") is None)

    async with resources.hosted():
        one = Watch()
        one.work = trio.lowlevel.checkpoint
        await resources.start("w", one, on_closed=closed)
        await trio.testing.wait_all_tasks_blocked()
        assert (told, one.notes) == ([True], ["over", "closing", "closed"])
        await resources.start("w", Watch(), on_closed=closed)
        with pytest.raises(DuplicateResource):
            await resources.start("w", Watch(), on_closed=closed)
        assert told == [True]
        await resources.end(Watch, "w")
    assert told == [True, True]


class LongestBatch(trio.abc.Instrument):
    """Counts the steps of tasks that are taken without a look at what came in meanwhile."""

    def __init__(self) -> None:
        self.most = 0
        self._steps = 0

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self._steps += 1

    def before_io_wait(self, timeout: float) -> None:
        self.most = max(self.most, self._steps)
        self._steps = 0


@pytest.mark.parametrize("cancelled", [False, True])
async def test_thousands_end_some_at_a_time_while_others_are_served(cancelled: bool) -> None:  # noqa: FBT001 (a case)
    watches = [Watch() for _ in range(2000)]
    batch = LongestBatch()
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            resources = ConnectionResources()
            ready = trio.Event()

            async def client() -> None:
                async with resources.hosted():
                    for number, one in enumerate(watches):
                        await resources.start(number, one)
                    ready.set()
                    if cancelled:
                        await trio.sleep_forever()
                    trio.lowlevel.add_instrument(batch)

            nursery.start_soon(client)
            await ready.wait()
            if cancelled:
                trio.lowlevel.add_instrument(batch)
                scope.cancel()
    assert all(one.notes == ["cancelled", "closing", "closed"] for one in watches)
    assert 0 < batch.most < 200
    trio.lowlevel.remove_instrument(batch)

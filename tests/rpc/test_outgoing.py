"""Notifications and server requests, over connections."""

from typing import Any

import pytest
import trio
import trio.testing
from codex_trio_protocol.v2.approval import CommandExecutionRequestApprovalParams
from rpc_harness import NOW_MS, Client, Server, serving

from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.rpc.server_requests import PendingServerRequest, ServerRequestFailed

APPROVAL = "item/commandExecution/requestApproval"


def ask(
    outgoing: OutgoingMessages, targets: list[int], *, thread_id: str | None = "t1", **rest: Any
) -> PendingServerRequest:
    params = CommandExecutionRequestApprovalParams(
        thread_id="t1", turn_id="u1", item_id="i1", started_at_ms=1, environment_id=None
    )
    return outgoing.request(APPROVAL, params, thread_id=thread_id, targets=targets, **rest)


async def next_request(client: Client) -> dict[str, Any]:
    while "id" not in (message := await client.receive()):
        pass
    assert message["method"] == APPROVAL
    return message


def ids(server: Server) -> list[int]:
    return [handle.id for handle in server.outgoing.connections()]


async def test_a_notification_reaches_every_initialized_client_once() -> None:
    async with serving() as server:
        one, two = await server.client(), await server.client()
        stranger = server.connect()
        assert (await stranger.request("nope"))["code"] == -32600
        server.outgoing.notify("thread/started", {"n": 1})
        expected = {"method": "thread/started", "params": {"n": 1}, "emittedAtMs": NOW_MS}
        assert await one.settle() == [expected]
        assert await two.settle() == [expected]
        assert await stranger.settle() == []


async def test_a_notification_for_some_reaches_only_them_and_those_who_want_it() -> None:
    async with serving() as server:
        one = await server.client()
        two = await server.client(optOutNotificationMethods=["turn/started", "bogus/name"])
        three = await server.client()
        first, second, _ = ids(server)
        server.outgoing.notify("turn/started", {}, targets=[first, second, 99])
        server.outgoing.notify("turn/started/more", {}, targets=[second])
        assert [message["method"] for message in await one.settle()] == ["turn/started"]
        assert [message["method"] for message in await two.settle()] == ["turn/started/more"]
        assert await three.settle() == []


async def test_an_experimental_notification_reaches_only_clients_with_the_capability() -> None:
    async with serving() as server:
        stable, experimental = await server.client(), await server.client(experimentalApi=True)
        for method in ("thread/readState/changed", "thread/settings/updated", "thread/goal/updated"):
            server.outgoing.notify(method, {})
        server.outgoing.notify("thread/settings/updated", {}, targets=ids(server)[:1])
        assert [message["method"] for message in await stable.settle()] == ["thread/goal/updated"]
        assert [message["method"] for message in await experimental.settle()] == [
            "thread/readState/changed",
            "thread/settings/updated",
            "thread/goal/updated",
        ]


async def test_the_first_reply_counts_and_is_decoded_as_the_method_says() -> None:
    async with serving() as server:
        clients = [await server.client(), await server.client()]
        pending = ask(server.outgoing, ids(server))
        questions = [await next_request(client) for client in clients]
        assert questions[0] == questions[1]
        assert list(questions[0]) == ["method", "id", "params"]
        assert questions[0]["id"] == 0
        assert questions[0]["params"]["itemId"] == "i1"
        await clients[1].send({"id": 0, "result": {"decision": "decline"}})
        assert (await pending.wait()).decision == "decline"
        await clients[0].send({"id": 0, "result": {"decision": "accept"}})
        assert await clients[0].settle() == []
        assert (await pending.wait()).decision == "decline"
        assert server.outgoing.pending_for("t1") == []


async def test_ids_count_up_over_all_connections_and_replies_find_their_question() -> None:
    async with serving() as server:
        client = await server.client()
        await server.client()
        one, two = (ask(server.outgoing, ids(server)) for _ in range(2))
        assert [(await next_request(client))["id"] for _ in range(2)] == [0, 1]
        await client.send({"id": "1", "result": {"decision": "accept"}})
        await client.send({"id": 1, "result": {"decision": "cancel"}})
        await client.send({"id": 0, "result": {"decision": "accept"}})
        assert (await two.wait()).decision == "cancel"
        assert (await one.wait()).decision == "accept"


@pytest.mark.parametrize(
    ("reply", "reason", "code", "message"),
    [
        ({"error": {"code": -1, "message": "no window", "data": [1]}}, "error", -1, "no window"),
        ({"result": {"decision": 5}}, "undecodable", -32600, "invalid type: integer `5`, expected string or map"),
        ({"result": None}, "undecodable", -32600, "invalid type: null, expected struct"),
    ],
)
async def test_a_reply_that_is_no_use_fails_the_question(
    reply: dict[str, Any], reason: str, code: int, message: str
) -> None:
    async with serving() as server:
        client = await server.client()
        pending = ask(server.outgoing, ids(server))
        await client.send({"id": 0, **reply})
        with pytest.raises(ServerRequestFailed, match=message) as failure:
            await pending.wait()
        assert (failure.value.reason, failure.value.code) == (reason, code)


async def test_a_client_that_resumes_a_thread_is_asked_what_is_still_open() -> None:
    async with serving() as server:
        first = await server.client()
        pending = ask(server.outgoing, ids(server))
        other = ask(server.outgoing, ids(server), thread_id="t2")
        question = await next_request(first)
        await first.transport.aclose()
        while len(ids(server)) > 0:
            await trio.testing.wait_all_tasks_blocked()
        assert server.outgoing.pending_for("t1") == [pending]
        second = await server.client()
        server.outgoing.replay("t1", ids(server)[0])
        assert await next_request(second) == question
        await second.send({"id": 0, "result": {"decision": "accept"}})
        assert (await pending.wait()).decision == "accept"
        server.outgoing.replay("t1", ids(server)[0])
        assert await second.settle() == []
        assert not other.settled


async def test_a_withdrawn_question_fails_and_its_late_reply_is_dropped() -> None:
    async with serving() as server:
        client = await server.client()
        pending, other = ask(server.outgoing, ids(server)), ask(server.outgoing, ids(server), thread_id="t2")
        server.outgoing.cancel("t1")
        with pytest.raises(ServerRequestFailed) as failure:
            await pending.wait()
        assert failure.value.reason == "withdrawn"
        await client.send({"id": 0, "result": {"decision": "accept"}})
        await client.send({"id": 1, "result": {"decision": "accept"}})
        assert (await other.wait()).decision == "accept"


async def test_a_question_about_no_thread_fails_when_its_clients_are_gone() -> None:
    async with serving() as server:
        one, two = await server.client(), await server.client()
        pending = ask(server.outgoing, ids(server), thread_id=None)
        await one.transport.aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert not pending.settled
        await two.transport.aclose()
        with pytest.raises(ServerRequestFailed) as failure:
            await pending.wait()
        assert failure.value.reason == "disconnected"


async def test_what_is_sent_on_a_reply_precedes_the_answers_to_later_requests() -> None:
    async with serving() as server:
        client = await server.client()
        order: list[str] = []

        def resolved(pending: PendingServerRequest) -> None:
            order.append("resolved")
            server.outgoing.notify("serverRequest/resolved", {"requestId": pending.id})

        pending = ask(server.outgoing, ids(server), on_settled=resolved)

        async def wait() -> None:
            await pending.wait()
            order.append("resumed")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            await next_request(client)
            await client.send({"id": 0, "result": {"decision": "accept"}})
            await client.send({"id": 9, "method": "thread/loaded/list", "params": {}})
        assert (await client.receive())["method"] == "serverRequest/resolved"
        assert (await client.receive())["id"] == 9
        assert order == ["resolved", "resumed"]


async def test_a_cancelled_wait_leaves_the_question_open() -> None:
    async with serving() as server:
        client = await server.client()
        pending = ask(server.outgoing, ids(server))
        with trio.move_on_after(0.01):
            await pending.wait()
        assert server.outgoing.pending_for("t1") == [pending]
        await client.send({"id": 0, "result": {"decision": "accept"}})
        assert (await pending.wait()).decision == "accept"


async def test_bugs_in_callbacks_are_logged_and_harm_no_connection(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as server:
        client = await server.client()

        def burst(pending: PendingServerRequest) -> None:
            raise RuntimeError

        pending = ask(server.outgoing, ids(server), on_settled=burst)
        await client.send({"id": 0, "result": {"decision": "accept"}})
        assert (await pending.wait()).decision == "accept"
        assert "what follows the reply to" in caplog.text
        assert "error" not in await client.request("thread/loaded/list", params={})


async def test_who_sends_much_waits_for_a_client_that_is_behind_and_for_no_other() -> None:
    async with serving() as server:
        slow, quick = await server.client(capacity=0), await server.client()
        slow_id, quick_id = ids(server)
        sent = 0

        async def stream() -> None:
            nonlocal sent
            for _ in range(100):
                server.outgoing.notify("item/agentMessage/delta", {"delta": "x" * 100_000}, targets=[slow_id])
                sent += 1
                await server.outgoing.ready([slow_id, 99])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream)
            await trio.testing.wait_all_tasks_blocked()
            assert 5 < sent < 50
            await server.outgoing.ready([quick_id])
            assert "error" not in await quick.request("thread/loaded/list", params={})
            for _ in range(100):
                assert (await slow.receive())["params"]["delta"]
        assert sent == 100

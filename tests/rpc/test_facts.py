"""What is counted of requests in either direction."""

from typing import Any

import pytest
import trio
import trio.testing
from codex_trio_protocol.v2.approval import CommandExecutionRequestApprovalParams
from rpc_harness import NOW_MS, Client, Server, ToldTransport, serving

from codex_trio.analytics.facts import (
    ClientAnswered,
    ClientInitialized,
    ClientRefused,
    ClientRequested,
    RpcTransport,
    ServerRequestAborted,
    ServerRequestAnswered,
    ServerRequested,
)
from codex_trio.analytics.sink import FactQueue
from codex_trio.rpc.context import RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.rpc.server_requests import PendingServerRequest, ServerRequestFailed
from codex_trio.transport.base import TransportKind
from codex_trio.transport.memory import memory_transport_pair

APPROVAL = "item/commandExecution/requestApproval"


def ask(server: Server, targets: list[int] | None, *, thread_id: str | None = "t1") -> PendingServerRequest:
    params = CommandExecutionRequestApprovalParams(
        thread_id="t1", turn_id="u1", item_id="i1", started_at_ms=1, environment_id=None
    )
    return server.outgoing.request(APPROVAL, params, thread_id=thread_id, targets=targets)


def asked(connection: int, request: int, *, replayed: bool = False) -> tuple[type, int, int, bool]:
    return ServerRequested, connection, request, replayed


def ended(connection: int | None, request: int) -> tuple[type, int | None, int]:
    return ServerRequestAnswered, connection, request


def aborted(connection: int | None, request: int, reason: str) -> tuple[type, int | None, int, str]:
    return ServerRequestAborted, connection, request, reason


def summary(facts: FactQueue) -> list[Any]:
    """Return what was recorded about server requests since the last call."""
    found: list[Any] = []
    for fact in facts.take_all():
        match fact:
            case ServerRequested():
                found.append(asked(fact.connection_id, fact.request_id, replayed=fact.replayed))
            case ServerRequestAnswered():
                found.append(ended(fact.connection_id, fact.request_id))
            case ServerRequestAborted():
                found.append(aborted(fact.connection_id, fact.request_id, fact.reason))
            case _:
                pass
    return found


async def reply(client: Client, request_id: int, body: dict[str, Any]) -> None:
    await client.send({"id": request_id, **body})
    await client.settle()


ACCEPTED = {"result": {"decision": "accept"}}


async def test_a_question_counts_once_for_each_client_that_it_is_put_to_and_its_answer_once() -> None:
    facts = FactQueue()
    async with serving(facts=facts) as server:
        one, two = await server.client(), await server.client()
        ask(server, [1, 2, 99])
        assert summary(facts) == [asked(1, 0), asked(2, 0)]
        await reply(two, 0, ACCEPTED)
        await reply(one, 0, ACCEPTED)
        assert summary(facts) == [ended(2, 0)]


async def test_facts_of_a_question_hold_what_was_asked_and_answered_and_when() -> None:
    facts = FactQueue()
    async with serving(facts=facts) as server:
        client = await server.client()
        pending = ask(server, [1])
        await reply(client, 0, ACCEPTED)
        _, sent, answered = facts.take_all()
        assert isinstance(sent, ServerRequested)
        assert (sent.transport, sent.method, sent.sent_at_ms) == ("in_process", APPROVAL, NOW_MS)
        assert sent.params is pending.params
        assert isinstance(answered, ServerRequestAnswered)
        assert (answered.transport, answered.method, answered.completed_at_ms) == ("in_process", APPROVAL, NOW_MS)
        assert answered.result is await pending.wait()


async def test_a_replayed_question_counts_for_whoever_had_not_been_asked_and_its_answer_once() -> None:
    facts = FactQueue()
    async with serving(facts=facts) as server:
        await server.client()
        resuming = await server.client()
        ask(server, [1])
        for connection in (1, 2, 2):
            server.outgoing.replay("t1", connection)
        assert summary(facts) == [asked(1, 0), asked(2, 0, replayed=True)]
        await reply(resuming, 0, ACCEPTED)
        assert summary(facts) == [ended(2, 0)]


async def test_a_question_to_everybody_is_not_counted_and_neither_is_its_answer() -> None:
    facts = FactQueue()
    async with serving(facts=facts) as server:
        client = await server.client()
        stranger = server.connect()
        await stranger.request("nope")
        pending = ask(server, None, thread_id=None)
        assert (await client.receive())["method"] == APPROVAL
        await reply(client, 0, ACCEPTED)
        assert (await pending.wait()).decision == "accept"
        assert await stranger.settle() == [], "who is not initialized is not asked"
        assert summary(facts) == []


async def test_a_question_to_everybody_fails_when_nobody_is_there_or_left() -> None:
    async with serving() as server:
        with pytest.raises(ServerRequestFailed) as failure:
            await ask(server, None, thread_id=None).wait()
        assert failure.value.reason == "disconnected"
        client = await server.client()
        pending = ask(server, None, thread_id=None)
        await client.transport.aclose()
        with pytest.raises(ServerRequestFailed, match="no client is left"):
            await pending.wait()


async def test_a_question_without_a_usable_reply_counts_as_aborted_with_the_reason() -> None:
    facts = FactQueue()
    async with serving(facts=facts) as server:
        client = await server.client()
        ask(server, [1])
        await reply(client, 0, {"error": {"code": -1, "message": "no"}})
        ask(server, [1])
        await reply(client, 1, {"result": 5})
        ask(server, [1])
        server.outgoing.cancel("t1")
        ask(server, [1], thread_id=None)
        await client.transport.aclose()
        await trio.testing.wait_all_tasks_blocked()
    assert summary(facts) == [
        asked(1, 0),
        aborted(1, 0, "error"),
        asked(1, 1),
        aborted(1, 1, "undecodable"),
        asked(1, 2),
        aborted(None, 2, "withdrawn"),
        asked(1, 3),
        aborted(None, 3, "disconnected"),
    ]


@pytest.mark.parametrize(
    ("kind", "counted"),
    [("stdio", "stdio"), ("websocket", "websocket"), ("unix", "websocket"), ("in_process", "in_process")],
)
async def test_requests_are_counted_with_the_connection_and_its_transport(
    kind: TransportKind, counted: RpcTransport
) -> None:
    facts = FactQueue()

    async def start(params: Any, context: RequestContext) -> dict[str, Any]:
        return {"turn": params.thread_id}

    async def steer(params: Any, context: RequestContext) -> dict[str, Any]:
        raise invalid_request("no active turn to steer")

    async def resume(params: Any, context: RequestContext) -> dict[str, Any]:
        return {"thread": params.thread_id}

    handlers = {"turn/start": start, "turn/steer": steer, "thread/resume": resume}
    async with serving(handlers, facts=facts) as server:
        ours, theirs = memory_transport_pair()
        server.serve(ToldTransport(ours, kind=kind))
        client = Client(theirs)
        await client.initialize(experimentalApi=True)
        await client.request("thread/resume", params={"threadId": "t"})
        await client.request("turn/start", params={"threadId": "t", "input": []})
        await client.request("turn/steer", params={"threadId": "t", "input": [], "expectedTurnId": "u"})
        assert "code" in await client.request("turn/start", params={"threadId": 5, "input": []})
        await client.request("thread/loaded/list", params={})
    introduced, resumed, asked_for, answered, steered, refused = facts.take_all()
    assert introduced == ClientInitialized(
        connection_id=1, transport=counted, client_name="test", client_version="1", experimental_api=True
    )
    assert isinstance(resumed, ClientAnswered)
    assert resumed.result == {"thread": "t"}
    assert isinstance(asked_for, ClientRequested)
    assert asked_for.params.thread_id == "t"
    assert isinstance(answered, ClientAnswered)
    assert isinstance(steered, ClientRequested)
    assert isinstance(refused, ClientRefused)
    assert (refused.code, refused.message) == (-32600, "no active turn to steer")
    assert asked_for.request_id == answered.request_id == "request-3"
    assert steered.request_id == refused.request_id == "request-4"
    assert {(fact.connection_id, fact.transport) for fact in (resumed, asked_for, answered, refused)} == {(1, counted)}

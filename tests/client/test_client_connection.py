"""A client's connection, against a peer that the test plays by hand over an in-memory channel."""

import contextlib
import json
import re
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
import trio
import trio.testing
from codex_trio_protocol.v2.approval import CommandExecutionRequestApprovalParams
from codex_trio_protocol.v2.item_events import AgentMessageDeltaNotification

from codex_trio.client.channel import LineChannel
from codex_trio.client.connection import AppServerClient, open_client
from codex_trio.client.errors import AppServerError, BufferOverflow, InvalidMessage, ServerGone
from codex_trio.client.messages import Notification, ServerRequest


class Peer:
    """The server's side of the connection."""

    def __init__(self, channel: LineChannel) -> None:
        self.channel = channel

    async def receive(self) -> Any:
        line = await self.channel.receive()
        assert line is not None
        return json.loads(line)

    async def send(self, message: object) -> None:
        await self.channel.send(json.dumps(message).encode())


@contextlib.asynccontextmanager
async def connected(seen: list[Any] | None = None) -> AsyncGenerator[tuple[AppServerClient, Peer]]:
    ours, theirs = trio.testing.memory_stream_pair()

    def observe(side: str, message: Any) -> None:
        if seen is not None:
            seen.append((side, message))

    with trio.fail_after(30):
        async with open_client(LineChannel(ours, ours), observer=observe) as client:
            yield client, Peer(LineChannel(theirs, theirs))


async def test_replies_reach_their_requests_in_whatever_order_they_come() -> None:
    async with connected() as (client, peer), trio.open_nursery() as nursery:
        results: dict[str, Any] = {}

        async def ask(name: str) -> None:
            results[name] = await client.request("echo", {"name": name})

        nursery.start_soon(ask, "one")
        nursery.start_soon(ask, "two")
        first, second = await peer.receive(), await peer.receive()
        await peer.send({"id": second["id"], "result": second["params"]["name"]})
        await peer.send({"id": first["id"], "result": first["params"]["name"]})
        await trio.testing.wait_all_tasks_blocked()
        assert results == {"one": "one", "two": "two"}


async def test_an_error_reply_becomes_an_exception_with_code_message_and_data() -> None:
    async with connected() as (client, peer), trio.open_nursery() as nursery:

        async def refuse() -> None:
            request = await peer.receive()
            assert "params" not in request
            await peer.send({"id": request["id"], "error": {"code": -32600, "message": "no", "data": {"why": 1}}})

        nursery.start_soon(refuse)
        with pytest.raises(AppServerError) as caught:
            await client.request("memory/reset")
        assert (caught.value.code, caught.value.message, caught.value.data) == (-32600, "no", {"why": 1})


async def test_initialize_introduces_the_client_and_says_that_it_is_ready() -> None:
    async with connected() as (client, peer), trio.open_nursery() as nursery:
        nursery.start_soon(lambda: client.initialize("ed", "1", experimental=True, opt_out=["warning"]))
        request = await peer.receive()
        assert request["params"] == {
            "clientInfo": {"name": "ed", "title": None, "version": "1"},
            "capabilities": {"experimentalApi": True, "optOutNotificationMethods": ["warning"]},
        }
        await peer.send({"id": request["id"], "result": {"userAgent": "x"}})
        assert await peer.receive() == {"method": "initialized"}


async def test_a_subscription_gets_the_messages_of_its_thread_and_methods_only() -> None:
    async with connected() as (client, peer):
        with client.subscribe(thread_id="t1", methods=["turn/started", "thread/started"]) as messages:
            await peer.send({"method": "turn/started", "params": {"threadId": "t2"}})
            await peer.send({"method": "warning", "params": {"threadId": "t1"}})
            await peer.send({"method": "turn/started", "params": {"threadId": "t1"}, "emittedAtMs": 5})
            await peer.send({"method": "thread/started", "params": {"thread": {"id": "t1"}}})
            assert await anext(messages) == Notification("turn/started", {"threadId": "t1"}, 5)
            assert (await anext(messages)).method == "thread/started"


async def test_a_subscriber_that_falls_behind_is_told_and_the_connection_goes_on() -> None:
    async with connected() as (client, peer):
        with client.subscribe(buffer_size=2) as messages:
            for number in range(3):
                await peer.send({"method": "tick", "params": {"number": number}})
            await trio.testing.wait_all_tasks_blocked()
            assert [(await anext(messages)).params["number"] for _ in range(2)] == [0, 1]
            with pytest.raises(BufferOverflow):
                await anext(messages)
        with client.subscribe() as messages:
            await peer.send({"method": "tick", "params": {}})
            assert (await anext(messages)).method == "tick"


async def test_a_handler_answers_the_servers_questions() -> None:
    async def approve(request: ServerRequest) -> Any:
        if request.params["command"] == "rm":
            raise AppServerError(-32000, "never")
        return {"decision": "accept"}

    async with connected() as (client, peer):
        client.handle("approve", approve)
        await peer.send({"id": 0, "method": "approve", "params": {"command": "ls"}})
        assert await peer.receive() == {"id": 0, "result": {"decision": "accept"}}
        await peer.send({"id": 1, "method": "approve", "params": {"command": "rm"}})
        assert await peer.receive() == {"id": 1, "error": {"code": -32000, "message": "never"}}


async def test_a_question_that_nobody_takes_is_refused() -> None:
    async with connected() as (client, peer):
        await peer.send({"id": 7, "method": "approve", "params": {}})
        assert (await peer.receive())["error"]["code"] == -32601
        with client.subscribe(requests=True) as messages:
            await peer.send({"id": 8, "method": "approve", "params": {}})
            question = await anext(messages)
            assert isinstance(question, ServerRequest)
            await client.respond(question, {"ok": True})
        assert await peer.receive() == {"id": 8, "result": {"ok": True}}


async def test_a_handler_that_fails_refuses_and_ends_the_block_with_its_error() -> None:
    async def broken(request: ServerRequest) -> Any:
        raise LookupError(request.method)

    async def ask() -> None:
        async with connected() as (client, peer):
            client.handle("approve", broken)
            await peer.send({"id": 1, "method": "approve", "params": {}})
            assert (await peer.receive())["error"]["code"] == -32603
            await trio.sleep_forever()

    with pytest.raises(LookupError, match="approve"):
        await ask()


APPROVAL = "item/commandExecution/requestApproval"


@pytest.mark.parametrize("wrong", ["accept", {"decision": "approve"}, {"decison": "accept"}, None])
async def test_an_answer_that_the_method_does_not_have_is_refused_with_the_right_ones_named(wrong: Any) -> None:
    async def approve(_: ServerRequest) -> Any:
        return wrong

    async def ask() -> None:
        async with connected() as (client, peer):
            client.handle(APPROVAL, approve)
            await peer.send({"id": 1, "method": APPROVAL, "params": {}})
            assert "acceptForSession" in (await peer.receive())["error"]["message"]
            await trio.sleep_forever()

    with pytest.raises(InvalidMessage, match=re.escape('"accept" | "acceptForSession"')):
        await ask()


async def test_a_subscriber_can_put_a_wrong_answer_right() -> None:
    async with connected() as (client, peer):
        with client.subscribe(requests=True) as messages:
            await peer.send({"id": 1, "method": APPROVAL, "params": {}})
            question = await anext(messages)
            assert isinstance(question, ServerRequest)
            with pytest.raises(InvalidMessage, match="did you mean `decision`"):
                await client.respond(question, {"decision": "accept", "decisions": "accept"})
            await client.respond(question, {"decision": "acceptForSession"})
        assert await peer.receive() == {"id": 1, "result": {"decision": "acceptForSession"}}


async def test_an_error_in_the_block_leaves_it_as_it_was_raised() -> None:
    async def fail(error: Exception, cause: Exception | None) -> None:
        async with connected():
            raise error from cause

    alone, cause = AppServerError(-32600, "no"), LookupError("first")
    with pytest.raises(AppServerError) as caught:
        await fail(alone, cause)
    assert (caught.value, caught.value.__cause__) == (alone, cause)
    own = ExceptionGroup("of the program's own", [ValueError()])
    with pytest.raises(ExceptionGroup) as group:
        await fail(own, None)
    assert group.value is own


async def test_notifications_and_requests_can_be_matched_on_as_structs() -> None:
    delta = {"threadId": "t", "turnId": "u", "itemId": "i", "delta": "hel"}
    match Notification("item/agentMessage/delta", delta).typed:
        case AgentMessageDeltaNotification(item_id="i", delta=text):
            assert text == "hel"
        case other:
            pytest.fail(f"not typed: {other}")
    assert Notification("item/of/tomorrow", {"x": 1}).typed is None
    asked = {"threadId": "t", "turnId": "u", "itemId": "i", "startedAtMs": 1, "command": "ls"}
    assert isinstance(ServerRequest(1, APPROVAL, asked).typed, CommandExecutionRequestApprovalParams)


async def test_a_server_that_goes_away_fails_requests_and_subscriptions_and_later_calls() -> None:
    async with connected() as (client, peer), trio.open_nursery() as nursery:
        failures: list[str] = []

        async def ask() -> None:
            with pytest.raises(ServerGone):
                await client.request("slow")
            failures.append("request")

        async def listen() -> None:
            with client.subscribe() as messages, pytest.raises(ServerGone):
                await anext(messages)
            failures.append("subscription")

        nursery.start_soon(ask)
        nursery.start_soon(listen)
        await peer.receive()
        await peer.channel.aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert sorted(failures) == ["request", "subscription"]
        with pytest.raises(ServerGone):
            await client.request("more")


async def test_an_observer_sees_both_sides_in_order() -> None:
    seen: list[Any] = []
    async with connected(seen) as (client, peer):
        await client.notify("hello")
        await peer.send({"method": "tick", "params": {}})
        await trio.testing.wait_all_tasks_blocked()
        assert seen == [("client", {"method": "hello"}), ("server", {"method": "tick", "params": {}})]


class Echo(msgspec.Struct, rename="camel"):
    thread_name: str


async def test_structs_are_sent_and_received_in_wire_spelling() -> None:
    async with connected() as (client, peer), trio.open_nursery() as nursery:
        answers: list[Echo] = []

        async def ask() -> None:
            answers.append(await client.call("echo", Echo("x"), Echo))

        nursery.start_soon(ask)
        request = await peer.receive()
        assert request["params"] == {"threadName": "x"}
        await peer.send({"id": request["id"], "result": request["params"]})
        await trio.testing.wait_all_tasks_blocked()
        assert answers == [Echo("x")]

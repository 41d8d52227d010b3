"""A conversation with an MCP server, in memory: what we ask, what it asks, and what becomes of both."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from codex_trio.extensions.mcp.connection import McpConnection
from codex_trio.extensions.mcp.errors import McpError, McpFailure, McpGone, McpTimeout
from codex_trio.extensions.mcp.session import MAX_UNASKED, MAX_VALUES, McpSession
from codex_trio.extensions.mcp.settings import McpServerSettings, StdioCommand

PATIENCE = 30.0


class Channel:
    """Both ends of a channel: the session's, and what a test reads and writes in place of the server."""

    def __init__(self) -> None:
        self._to_server, self.received = trio.open_memory_channel[bytes](100)
        self.answers, self._from_server = trio.open_memory_channel[bytes | None](100)

    async def send(self, message: bytes) -> None:
        await self._to_server.send(message)

    async def receive(self) -> bytes | None:
        return await self._from_server.receive()

    def agreed(self, revision: Any) -> None:
        self.revision = revision

    async def next(self) -> dict[str, Any]:
        """Return the next message that the server gets."""
        return msgspec.json.decode(await self.received.receive())

    def say(self, message: Any) -> None:
        """Have the server say something."""
        self.answers.send_nowait(message if isinstance(message, bytes) else msgspec.json.encode(message))

    def end(self) -> None:
        """Have the server close its end."""
        self.answers.send_nowait(None)


class Peer:
    """Whom the server talks to."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.may_answer = trio.Event()
        self.changes = 0
        self.said: list[Mapping[str, Any]] = []

    async def elicit(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(params)
        await self.may_answer.wait()
        return {"action": "accept", "content": {}}

    def roots(self) -> list[dict[str, Any]]:
        return [{"uri": "file:///work"}]

    def tools_changed(self) -> None:
        self.changes += 1

    def says(self, params: Mapping[str, Any]) -> None:
        self.said.append(params)


class Talk:
    def __init__(self) -> None:
        self.channel = Channel()
        self.peer = Peer()
        self.session = McpSession(self.channel, self.peer)
        self.outcomes: dict[str, Any] = {}

    async def ask(self, name: str, *, seconds: float = 10) -> None:
        """Make a request and keep what becomes of it."""
        try:
            self.outcomes[name] = await self.session.request("tools/call", {"name": name}, seconds=seconds)
        except McpFailure as failure:
            self.outcomes[name] = failure


@asynccontextmanager
async def talking() -> AsyncGenerator[tuple[Talk, trio.Nursery]]:
    talk = Talk()
    async with trio.open_nursery() as nursery:
        await nursery.start(talk.session.run)
        yield talk, nursery
        nursery.cancel_scope.cancel()


async def test_answers_find_their_requests_in_any_order(autojump_clock: MockClock) -> None:
    async with talking() as (talk, nursery):
        nursery.start_soon(talk.ask, "a")
        first = await talk.channel.next()
        nursery.start_soon(talk.ask, "b")
        second = await talk.channel.next()
        assert first == {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "a"}}
        talk.channel.say({"id": second["id"], "result": {"of": "b"}})
        talk.channel.say({"id": first["id"], "error": {"code": -1, "message": "no", "data": 7}})
        await wait_all_tasks_blocked()
    assert talk.outcomes["b"] == {"of": "b"}
    failure = talk.outcomes["a"]
    assert isinstance(failure, McpError)
    assert (failure.code, failure.message, failure.data) == (-1, "no", 7)


async def test_what_is_no_message_is_passed_over(autojump_clock: MockClock) -> None:
    async with talking() as (talk, nursery):
        nursery.start_soon(talk.ask, "a")
        await talk.channel.next()
        replies_to_others = (b'{"id": 99, "result": {}}', b'{"id": "1", "result": {}}')
        for stray in (b"starting up ...", b"[]", b"17", b"{}", *replies_to_others):
            talk.channel.say(stray)
        talk.channel.say([{"id": 1, "result": {"in": "a batch"}}])
        await wait_all_tasks_blocked()
    assert talk.outcomes["a"] == {"in": "a batch"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b'{"x":NaN,"y":1e999}', {"x": None, "y": None}),
        (b'{"x":"\\ud800!","y":"\xff"}', {"x": "\ufffd!", "y": "\ufffd"}),
        (b'{"x":' + b"9" * 5000 + b"}", {"x": None}),
    ],
)
async def test_an_answer_that_is_nearly_json_is_read(autojump_clock: MockClock, written: bytes, read: Any) -> None:
    async with talking() as (talk, nursery):
        nursery.start_soon(talk.ask, "a")
        await talk.channel.next()
        talk.channel.say(b'{"jsonrpc":"2.0","id":1,"result":' + written + b"}")
        await wait_all_tasks_blocked()
        assert talk.outcomes == {"a": read}


@pytest.mark.parametrize("form", [b'{"jsonrpc":"2.0","id":1,"result":%b}', b'{"result":%b,"jsonrpc":"2.0","id":1}'])
@pytest.mark.parametrize("result", [b"[" * 5000 + b"]" * 5000, b"[" * 300 + b"]" * 300, b"[1 2]"])
async def test_an_answer_that_cannot_be_read_fails_its_request_alone(
    autojump_clock: MockClock, form: bytes, result: bytes
) -> None:
    async with talking() as (talk, nursery):
        for name in ("a", "b"):
            nursery.start_soon(talk.ask, name)
            await talk.channel.next()
        talk.channel.say(form % result)
        await wait_all_tasks_blocked()
        assert str(talk.outcomes["a"]).startswith("the answer is no JSON that can be read: ")
        talk.channel.say({"id": 2, "result": {}})
        await wait_all_tasks_blocked()
        assert talk.outcomes["b"] == {}


@pytest.mark.parametrize("result", [None, [], "text"])
async def test_a_result_that_is_no_object_is_a_failure(autojump_clock: MockClock, result: Any) -> None:
    async with talking() as (talk, nursery):
        nursery.start_soon(talk.ask, "a")
        await talk.channel.next()
        talk.channel.say({"id": 1, "result": result})
        await wait_all_tasks_blocked()
    assert str(talk.outcomes["a"]) == "the result of tools/call is no object"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        ({"code": -32602, "message": "no"}, -32602, "no"),
        ({"code": 1 << 70, "message": "no"}, -32603, "no"),
        ({"code": True, "message": "no"}, -32603, "no"),
        ({"code": 1.5}, -32603, "the server answered with what is no error: {'code': 1.5}"),
        (None, -32603, "the server answered with what is no error: None"),
    ],
)
async def test_an_error_is_passed_on_as_far_as_it_is_one(
    autojump_clock: MockClock, error: Any, code: int, said: str
) -> None:
    async with talking() as (talk, nursery):
        nursery.start_soon(talk.ask, "a")
        await talk.channel.next()
        talk.channel.say({"id": 1, "error": error})
        await wait_all_tasks_blocked()
    failure = talk.outcomes["a"]
    assert (failure.code, str(failure)) == (code, said)


async def test_a_request_that_takes_too_long_is_given_up_and_the_server_is_told(autojump_clock: MockClock) -> None:
    async with talking() as (talk, nursery):
        nursery.start_soon(talk.ask, "a")
        await talk.channel.next()
        told = await talk.channel.next()
        assert told["method"] == "notifications/cancelled"
        assert told["params"]["requestId"] == 1
        await wait_all_tasks_blocked()
        assert isinstance(talk.outcomes["a"], McpTimeout)
        assert str(talk.outcomes["a"]) == "timed out awaiting tools/call after 10s"
        assert trio.current_time() == pytest.approx(10, abs=0.1)
        # The late answer disturbs nobody.
        talk.channel.say({"id": 1, "result": {}})
        nursery.start_soon(talk.ask, "b")
        talk.channel.say({"id": (await talk.channel.next())["id"], "result": {"of": "b"}})
        await wait_all_tasks_blocked()
    assert talk.outcomes["b"] == {"of": "b"}


async def test_a_request_that_nobody_waits_for_any_more_is_cancelled_at_the_server(autojump_clock: MockClock) -> None:
    async with talking() as (talk, nursery):
        with trio.CancelScope() as scope:
            nursery.start_soon(talk.ask, "b")
            await talk.channel.next()
            async with trio.open_nursery() as inner:
                inner.start_soon(talk.ask, "a")
                await talk.channel.next()
                scope.cancel()
        told = await talk.channel.next()
        assert (told["method"], told["params"]["requestId"]) == ("notifications/cancelled", 2)
        talk.channel.say({"id": 1, "result": {"of": "b"}})
        await wait_all_tasks_blocked()
    assert talk.outcomes == {"b": {"of": "b"}}


async def test_the_clock_of_a_request_stands_while_the_server_asks_the_user(autojump_clock: MockClock) -> None:
    async with talking() as (talk, nursery):
        nursery.start_soon(talk.ask, "a")
        await talk.channel.next()
        await trio.sleep(6)
        talk.channel.say({"id": 5, "method": "elicitation/create", "params": {"message": "?"}})
        await trio.sleep(1000)
        assert "a" not in talk.outcomes
        talk.peer.may_answer.set()
        assert await talk.channel.next() == {
            "jsonrpc": "2.0",
            "id": 5,
            "result": {"action": "accept", "content": {}},
        }
        await trio.sleep(3)
        assert "a" not in talk.outcomes
        await trio.sleep(3)
        assert isinstance(talk.outcomes["a"], McpTimeout)


async def test_a_question_that_the_server_takes_back_is_not_answered_any_more(autojump_clock: MockClock) -> None:
    async with talking() as (talk, nursery):
        nursery.start_soon(talk.ask, "a")
        await talk.channel.next()
        for number in (5, "six"):
            talk.channel.say({"id": number, "method": "elicitation/create", "params": {"message": "?"}})
        await trio.sleep(1000)
        for taken_back in (5, 99, None, {}):
            talk.channel.say({"method": "notifications/cancelled", "params": {"requestId": taken_back}})
        await wait_all_tasks_blocked()
        talk.peer.may_answer.set()
        assert (await talk.channel.next())["id"] == "six"
        # The clock of what goes on goes on too, and the next question is none of before.
        await trio.sleep(30)
        assert isinstance(talk.outcomes["a"], McpTimeout)
        assert (await talk.channel.next())["method"] == "notifications/cancelled"
        talk.channel.say({"id": 5, "method": "elicitation/create", "params": {"message": "?"}})
        assert (await talk.channel.next())["id"] == 5


@pytest.mark.parametrize("how", ["answered", "cancelled"])
async def test_a_question_ends_with_the_call_that_it_is_for(autojump_clock: MockClock, how: str) -> None:
    settings = McpServerSettings(name="s", transport=StdioCommand(command="x"))
    connection, channel = McpConnection(settings, folder="/work"), Channel()
    session = McpSession(channel, connection)
    outcomes: list[str] = []

    async def forever(_server: str, _params: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            await trio.sleep_forever()
        finally:
            outcomes.append("the user is not asked any more")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(session.run)
        async with trio.open_nursery() as starting:
            starting.start_soon(connection.start, session)
            await channel.next()
            channel.say({"id": 1, "result": {"protocolVersion": "2025-06-18", "capabilities": {}}})
            await channel.next()
        async with trio.open_nursery() as calling:
            calling.start_soon(partial(connection.call, "t", {}, meta={}, elicit=forever))
            call = await channel.next()
            channel.say({"id": 7, "method": "elicitation/create", "params": {"message": "?"}})
            await wait_all_tasks_blocked()
            if how == "answered":
                channel.say({"id": call["id"], "result": {"content": []}})
            else:
                calling.cancel_scope.cancel()
        told = [await channel.next() for _ in range(1 if how == "answered" else 2)]
        assert {"jsonrpc": "2.0", "id": 7, "result": {"action": "cancel"}} in told
        assert outcomes == ["the user is not asked any more"]
        nursery.cancel_scope.cancel()


async def test_whoever_waits_or_comes_later_is_told_that_the_server_ended(
    autojump_clock: MockClock,
) -> None:
    async with talking() as (talk, nursery):
        nursery.start_soon(talk.ask, "a")
        await talk.channel.next()
        talk.channel.end()
        await wait_all_tasks_blocked()
        await talk.ask("b")
    assert isinstance(talk.outcomes["a"], McpGone)
    assert isinstance(talk.outcomes["b"], McpGone)


async def test_the_server_may_ask_and_tell(autojump_clock: MockClock) -> None:
    async with talking() as (talk, _):
        talk.channel.say({"id": 1, "method": "ping"})
        assert (await talk.channel.next())["result"] == {}
        talk.channel.say({"id": 2, "method": "roots/list"})
        assert (await talk.channel.next())["result"] == {"roots": [{"uri": "file:///work"}]}
        talk.channel.say({"id": "three", "method": "sampling/createMessage", "params": {}})
        assert await talk.channel.next() == {
            "jsonrpc": "2.0",
            "id": "three",
            "error": {"code": -32601, "message": "sampling/createMessage is not supported"},
        }
        talk.channel.say({"method": "notifications/tools/list_changed"})
        talk.channel.say({"method": "notifications/message", "params": {"level": "info", "data": "x"}})
        await wait_all_tasks_blocked()
        assert talk.peer.changes == 1
        assert talk.peer.said == [{"level": "info", "data": "x"}]


@pytest.mark.parametrize(
    ("level", "logged"),
    [("debug", "DEBUG"), ("notice", "INFO"), ("warning", "WARNING"), ("alert", "ERROR"), (3, "INFO")],
)
async def test_what_a_server_says_is_logged_as_important_as_it_says(
    level: Any, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings = McpServerSettings(name="tiny", transport=StdioCommand(command="x"))
    with caplog.at_level("DEBUG", logger="codex_trio"):
        McpConnection(settings, folder="/").says({"level": level, "data": {"text": "y" * 3000}})
    [record] = caplog.records
    assert record.levelname == logged
    said = record.getMessage()
    assert said.startswith("MCP server tiny says: {'text': 'yyy")
    assert len(said) < 2100


async def test_of_a_server_that_says_very_much_a_part_is_logged_and_that_it_is_one(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    connection = McpConnection(McpServerSettings(name="tiny", transport=StdioCommand(command="x")), folder="/")
    for _ in range(1500):
        connection.says({"level": "error", "data": "x"})
    assert len(caplog.records) == 1001
    assert [record.getMessage() for record in caplog.records if "so much" in record.getMessage()]
    caplog.clear()
    await trio.sleep(60)
    connection.says({"level": "error", "data": "again"})
    assert [record.getMessage() for record in caplog.records] == ["MCP server tiny says: again"]


@pytest.mark.parametrize(
    "result",
    [
        b"[" + b"0," * MAX_VALUES + b"0]",
        b"[" + (b'{"y":[0' + b",0" * 998 + b"]},") * 1000 + b"0]",
        b"[NaN" + b",0" * MAX_VALUES + b"]",
    ],
    ids=["flat", "nested", "nearly JSON"],
)
async def test_an_answer_of_very_many_values_fails_its_request_alone(result: bytes) -> None:
    with trio.fail_after(PATIENCE):
        async with talking() as (talk, nursery):
            async with trio.open_nursery() as asking:
                asking.start_soon(talk.ask, "a")
                asking.start_soon(talk.ask, "b")
                await wait_all_tasks_blocked()
                talk.channel.say(b'{"jsonrpc":"2.0","id":1,"result":{"x":' + result + b"}}")
                talk.channel.say({"id": 2, "result": {"x": [0] * 1000}})
            nursery.cancel_scope.cancel()
    failed, other = sorted(talk.outcomes.values(), key=lambda outcome: isinstance(outcome, dict))
    assert str(failed).endswith("more than 1000000 values")
    assert other == {"x": [0] * 1000}


async def test_a_server_that_only_talks_is_left(mock_clock: MockClock) -> None:
    # What is long is read in a thread, during which time must not jump.
    mock_clock.rate = 1
    talk_of_one = b'{},{"method":"notifications/tools/list_changed"},{"id":99,"result":{}},'
    much = b"[" + talk_of_one * (MAX_UNASKED // 5) + b"{}]"
    with trio.fail_after(PATIENCE + 60):
        async with talking() as (talk, nursery):
            async with trio.open_nursery() as asking:
                asking.start_soon(partial(talk.ask, "a", seconds=PATIENCE))
                call = await talk.channel.next()
                talk.channel.say(much)
                talk.channel.say({"id": call["id"], "result": {}})
            assert talk.outcomes.pop("a") == {}
            mock_clock.jump(60)
            async with trio.open_nursery() as asking:
                asking.start_soon(partial(talk.ask, "a", seconds=PATIENCE))
                await talk.channel.next()
                talk.channel.say(much)
                talk.channel.say({"id": "p", "method": "ping"})
                assert (await talk.channel.next())["id"] == "p"
                assert not talk.outcomes
                talk.channel.say(much)
            nursery.cancel_scope.cancel()
    assert "more than 100000 messages" in str(talk.outcomes["a"])
    assert isinstance(talk.outcomes["a"], McpGone)


async def test_a_long_message_is_read_in_a_thread() -> None:
    threads = trio.to_thread.current_default_thread_limiter()
    threads.total_tokens = 1
    with trio.fail_after(PATIENCE):
        async with talking() as (talk, nursery):
            async with trio.open_nursery() as asking:
                asking.start_soon(partial(talk.ask, "a", seconds=PATIENCE))
                call = await talk.channel.next()
                async with threads:
                    talk.channel.say({"id": call["id"], "result": {"x": "y" * (1 << 20)}})
                    await wait_all_tasks_blocked()
                    assert not talk.outcomes
            nursery.cancel_scope.cancel()
    assert len(talk.outcomes["a"]["x"]) == 1 << 20


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
async def test_known_revisions_are_spoken(autojump_clock: MockClock, revision: str) -> None:
    async with talking() as (talk, nursery):
        nursery.start_soon(partial(talk.session.initialize, seconds=10))
        await talk.channel.next()
        talk.channel.say({"id": 1, "result": {"protocolVersion": revision, "capabilities": {}}})
        assert (await talk.channel.next())["method"] == "notifications/initialized"
        assert talk.channel.revision == revision


@pytest.mark.parametrize(
    ("given", "shown"),
    [({"protocolVersion": "1999-01-01"}, "1999-01-01"), ({"protocolVersion": 5}, "5"), ({}, "null")],
)
async def test_revisions_that_are_not_known_are_refused_by_name(
    autojump_clock: MockClock, given: dict[str, Any], shown: str
) -> None:
    async with talking() as (talk, _nursery):
        talk.channel.say({"id": 1, "result": given})
        with pytest.raises(McpFailure, match=f"revision `{shown}`, .* it speaks .*2025-06-18"):
            await talk.session.initialize(seconds=10)


async def test_all_pages_of_a_list_are_read_and_circles_are_left(autojump_clock: MockClock) -> None:
    async with talking() as (talk, nursery):

        async def serve() -> None:
            cursors = ["1", "2", "2"]
            while True:
                request = await talk.channel.next()
                at = int(request["params"].get("cursor", 0))
                page = {"tools": [{"name": f"t{at}"}, "nonsense"], "nextCursor": cursors[at]}
                talk.channel.say({"id": request["id"], "result": page})

        nursery.start_soon(serve)
        listed = await talk.session.all_of("tools/list", "tools", seconds=5)
    assert listed == [{"name": "t0"}, {"name": "t1"}, {"name": "t2"}]


async def test_a_server_says_how_far_a_call_is_to_whoever_made_it(autojump_clock: MockClock) -> None:
    told: list[Mapping[str, Any]] = []
    async with talking() as (talk, nursery):

        async def ask() -> None:
            params = {"name": "a", "_meta": {"callId": "c"}}
            await talk.session.request("tools/call", params, seconds=10, progress=told.append)

        nursery.start_soon(ask)
        request = await talk.channel.next()
        assert request["params"]["_meta"] == {"callId": "c", "progressToken": request["id"]}
        for token in (request["id"], "other", request["id"] + 1, None):
            talk.channel.say({"method": "notifications/progress", "params": {"progressToken": token, "progress": 1}})
        talk.channel.say({"id": request["id"], "result": {}})
        talk.channel.say({"method": "notifications/progress", "params": {"progressToken": request["id"]}})
        await wait_all_tasks_blocked()
    assert told == [{"progressToken": 1, "progress": 1}]


async def test_a_server_that_asks_without_end_is_left(autojump_clock: MockClock) -> None:
    async with talking() as (talk, nursery):
        nursery.start_soon(talk.ask, "a")
        await talk.channel.next()
        for number in range(101):
            talk.channel.answers.send_nowait(b'{"id": %d, "method": "elicitation/create", "params": {}}' % number)
            await wait_all_tasks_blocked()
    assert str(talk.outcomes["a"]) == "the server has more than 100 requests open"


async def test_a_list_without_end_costs_its_time_once_and_a_bounded_number_of_items(autojump_clock: MockClock) -> None:
    async with talking() as (talk, nursery):

        async def serve(*, items: int, pause: float) -> None:
            page = 0
            while True:
                request = await talk.channel.next()
                if "id" not in request:
                    continue
                page += 1
                await trio.sleep(pause)
                result = {"tools": [{"name": "t"}] * items, "nextCursor": str(page)}
                talk.channel.say({"id": request["id"], "result": result})

        with trio.CancelScope() as serving:
            async with trio.open_nursery() as server:
                server.start_soon(lambda: serve(items=1, pause=1))
                with pytest.raises(McpTimeout, match="timed out awaiting tools/list"):
                    await talk.session.all_of("tools/list", "tools", seconds=20)
                serving.cancel()
        assert trio.current_time() < 25
        nursery.start_soon(lambda: serve(items=5000, pause=0))
        with pytest.raises(McpFailure, match="tools/list lists more than 10000 items"):
            await talk.session.all_of("tools/list", "tools", seconds=20)

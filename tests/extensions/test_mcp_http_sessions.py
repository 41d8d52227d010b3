"""A session over HTTP from its beginning to its end: what the server says of itself, and streams that break off."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.processes import ManagedProcess
from codex_trio.extensions.mcp.connection import McpConnection, McpMeans, open_connection
from codex_trio.extensions.mcp.errors import McpError, McpFailure
from codex_trio.extensions.mcp.http import RESUMPTIONS
from codex_trio.extensions.mcp.settings import HttpAddress, McpServerSettings
from codex_trio.model.http import open_transport
from codex_trio.testing.mcp_web_server import GREETING, McpWebServer, WebReply, WebRequest, events, open_mcp_web_server

PATIENCE = 30.0
STREAM = {"content-type": "text/event-stream"}


def _no_process(request: SpawnRequest) -> ManagedProcess:
    raise AssertionError(f"started {request.argv}")


@pytest.fixture
async def server() -> AsyncGenerator[McpWebServer]:
    with trio.fail_after(PATIENCE):
        async with open_mcp_web_server() as made:
            made.needs_login = False
            yield made


@asynccontextmanager
async def connected(server: McpWebServer) -> AsyncGenerator[McpConnection]:
    settings = McpServerSettings(name="web", transport=HttpAddress(url=server.url))
    async with open_transport({}) as transport:
        means = McpMeans(start=_no_process, transport=transport, environ={})
        async with open_connection(settings, folder="/", means=means) as connection:
            yield connection


async def call(connection: McpConnection) -> dict[str, Any]:
    return await connection.call("t", {}, meta={}, elicit=_nobody)


async def _nobody(_server: str, _params: Any) -> Any:
    return {"action": "cancel"}


async def test_a_session_is_ended_where_it_was_opened(server: McpWebServer) -> None:
    async with connected(server):
        assert server.of("/mcp", "DELETE") == []
    [ended] = server.of("/mcp", "DELETE")
    assert ended.headers["mcp-session-id"] == "session-1"


async def test_requests_say_the_revision_that_the_server_speaks(server: McpWebServer, monkeypatch: Any) -> None:
    monkeypatch.setitem(GREETING, "protocolVersion", "2025-03-26")
    async with connected(server) as connection:
        await call(connection)
    first, *later = server.of("/mcp", "POST")
    assert "mcp-protocol-version" not in first.headers
    assert {request.headers["mcp-protocol-version"] for request in later} == {"2025-03-26"}


async def test_what_a_server_says_of_itself_comes_over_a_stream_that_is_taken_up_again(server: McpWebServer) -> None:
    speak = server.answers["/mcp"]
    listened = trio.Event()
    tools = ["t"]

    async def answer(request: WebRequest) -> WebReply:
        if request.method == "GET":
            if "last-event-id" not in request.headers:
                tools.append("more")
                changed = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
                return WebReply(body=b"retry: 1\n" + events(changed, ids=True), headers=STREAM)
            assert request.headers["last-event-id"] == "1"
            listened.set()
            return WebReply(body=b": still here\n\n", headers=STREAM, hangs=True)
        if request.method == "POST" and request.json.get("method") == "tools/list":
            listed = [{"name": name, "inputSchema": {"type": "object"}} for name in tools]
            return WebReply(body={"jsonrpc": "2.0", "id": request.json["id"], "result": {"tools": listed}})
        reply = speak(request)
        assert isinstance(reply, WebReply)
        return reply

    server.answers["/mcp"] = answer
    async with connected(server) as connection:
        await listened.wait()
        while len(connection.tools) < 2:  # noqa: ASYNC110  # nothing tells of it
            await trio.sleep(0.01)
        assert [tool.name for tool in connection.tools] == ["t", "more"]


@pytest.mark.parametrize("asked", ["elicitation/create", "sampling/createMessage"])
async def test_a_server_that_asks_when_no_call_is_under_way_asks_nobody(server: McpWebServer, asked: str) -> None:
    speak = server.answers["/mcp"]
    answered: list[Any] = []
    over, done = trio.Event(), trio.Event()

    async def answer(request: WebRequest) -> WebReply:
        if request.method == "GET" and "last-event-id" not in request.headers:
            # As after a turn: whoever made a call before has its result.
            await over.wait()
            question = {"jsonrpc": "2.0", "id": "late", "method": asked, "params": {"message": "What?"}}
            return WebReply(body=events(question, ids=True), headers=STREAM)
        if request.method == "GET":
            return WebReply(body=b": still here\n\n", headers=STREAM, hangs=True)
        if request.method == "POST" and request.json.get("id") == "late":
            answered.append(request.json)
            done.set()
            return WebReply(202)
        reply = speak(request)
        assert isinstance(reply, WebReply)
        return reply

    async def not_asked(_server: str, _params: Any) -> Any:
        raise AssertionError("asked a user whose call is over")

    server.answers["/mcp"] = answer
    async with connected(server) as connection:
        await connection.call("t", {}, meta={}, elicit=not_asked)
        over.set()
        await done.wait()
        # The session goes on.
        await call(connection)
    [message] = answered
    if asked == "elicitation/create":
        assert message["result"] == {"action": "cancel"}
    else:
        assert message["error"]["code"] == -32601


def _breaking_off(server: McpWebServer, *, goes_on: bool) -> None:
    """Have the stream of a call's answer break off; behind it, it goes on with the answer or breaks off again."""
    speak = server.answers["/mcp"]
    ids: list[int] = []

    def answer(request: WebRequest) -> WebReply:
        log = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "debug", "data": "x"}}
        if request.method == "GET" and "last-event-id" in request.headers:
            result = {"jsonrpc": "2.0", "id": ids[-1], "result": {"content": [{"type": "text", "text": "late"}]}}
            return WebReply(body=events(result if goes_on else log, ids=True), headers=STREAM)
        if request.method == "POST" and request.json.get("method") == "tools/call":
            ids.append(request.json["id"])
            return WebReply(body=b"retry: 1\n" + events(log, ids=True), headers=STREAM)
        reply = speak(request)
        assert isinstance(reply, WebReply)
        return reply

    server.answers["/mcp"] = answer


async def test_an_answer_that_breaks_off_is_taken_up_again_behind_its_last_event(server: McpWebServer) -> None:
    _breaking_off(server, goes_on=True)
    async with connected(server) as connection:
        assert await call(connection) == {"content": [{"type": "text", "text": "late"}]}


async def test_an_answer_that_never_comes_to_an_end_is_given_up(server: McpWebServer) -> None:
    _breaking_off(server, goes_on=False)
    async with connected(server) as connection:
        with pytest.raises(McpFailure, match="the server ended its answer without a result"):
            await call(connection)
        assert not connection.gone.is_set()
        # What others say in its place is not taken for the server's own error.
        page = WebReply(body=b"<html>", headers={"content-type": "text/html; charset=x"})
        server.answers["/mcp"] = lambda _request: page
        with pytest.raises(McpFailure, match=r"the server answered with `text/html.*` in place of JSON") as caught:
            await call(connection)
        assert not isinstance(caught.value, McpError)
        assert not connection.gone.is_set()
    resumed = [request for request in server.of("/mcp", "GET") if "last-event-id" in request.headers]
    assert len(resumed) == RESUMPTIONS


async def test_a_server_that_sends_on_to_another_address_is_not_followed(server: McpWebServer) -> None:
    server.answers["/mcp"] = lambda _request: WebReply(307, headers={"location": f"{server.base}/elsewhere"})
    failure = pytest.RaisesExc(McpFailure, match="which is not followed")
    with pytest.RaisesGroup(failure, allow_unwrapped=True, flatten_subgroups=True):
        async with connected(server):
            pass
    assert server.of("/elsewhere") == []

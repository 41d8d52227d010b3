"""A server behind an address: answers as JSON and as events, its session, its refusals."""

import contextlib
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import h11
import msgspec
import pytest
import trio

from codex_trio.execution.launch import SpawnRequest
from codex_trio.execution.processes import ManagedProcess
from codex_trio.extensions.mcp.connection import McpConnection, McpMeans, open_connection
from codex_trio.extensions.mcp.errors import McpFailure
from codex_trio.extensions.mcp.settings import HttpAddress, McpServerSettings
from codex_trio.model.http import open_transport

PATIENCE = 20.0
GREETING: dict[str, Any] = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "scripted", "version": "1"},
}


class Exchange:
    """One request to the server, and how it is answered."""

    def __init__(self, stream: trio.SocketStream, headers: Mapping[str, str], message: dict[str, Any]) -> None:
        self.headers = headers
        self.message = message
        self._stream = stream

    async def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        named = {"content_length": str(len(body)), "connection": "close", **headers}
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
        await self._stream.send_all(f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode() + body)

    async def more(self, data: bytes) -> None:
        await self._stream.send_all(data)

    async def result(self, result: Any, **headers: str) -> None:
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": self.message["id"], "result": result})
        await self.answer(200, body, content_type="application/json", **headers)

    async def events(self, *messages: Any) -> None:
        body = b"".join(b"event: message\ndata: " + msgspec.json.encode(message) + b"\n\n" for message in messages)
        await self.answer(200, body, content_type="text/event-stream")


Serve = Callable[[Exchange], Awaitable[None]]


async def greet(exchange: Exchange) -> bool:
    """Answer what comes before a test's own requests; whether that was it."""
    match exchange.message.get("method"):
        case "initialize":
            await exchange.result(GREETING, mcp_session_id="s-1")
        case "notifications/initialized":
            await exchange.answer(202)
        case "tools/list":
            tool = {"name": "t", "inputSchema": {"type": "object"}}
            await exchange.events({"jsonrpc": "2.0", "id": exchange.message["id"], "result": {"tools": [tool]}})
        case _:
            return False
    return True


@asynccontextmanager
async def serving(serve: Serve) -> AsyncGenerator[tuple[str, list[Exchange]]]:
    """Provide the address of a server, and what it was asked."""
    asked: list[Exchange] = []
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")

    async def handle(stream: trio.SocketStream) -> None:
        async with stream:
            http = h11.Connection(h11.SERVER)
            headers: dict[str, str] = {}
            body = b""
            while True:
                event = http.next_event()
                if event is h11.NEED_DATA:
                    http.receive_data(await stream.receive_some(65536))
                elif isinstance(event, h11.Request):
                    headers = {name.decode(): value.decode() for name, value in event.headers}
                elif isinstance(event, h11.Data):
                    body += event.data
                else:
                    break
            if body:
                asked.append(Exchange(stream, headers, msgspec.json.decode(body)))
                await serve(asked[-1])

    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, handle, [listener])
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}/mcp", asked
        nursery.cancel_scope.cancel()


def no_process(request: SpawnRequest) -> ManagedProcess:
    raise AssertionError(f"started {request.argv}")


@asynccontextmanager
async def connected(
    url: str, *, folder: str = "/", environ: Mapping[str, str] | None = None, seconds: float = PATIENCE, **address: Any
) -> AsyncGenerator[McpConnection]:
    settings = McpServerSettings(name="web", transport=HttpAddress(url=url, **address), startup_seconds=seconds)
    with trio.fail_after(PATIENCE):
        async with open_transport({}) as transport:
            means = McpMeans(start=no_process, transport=transport, environ=environ or {"TOKEN": "the-token"})
            async with open_connection(settings, folder=folder, means=means) as connection:
                yield connection


def refused(said: str) -> contextlib.AbstractContextManager[Any]:
    """Expect a failure whose text ends so, in whatever groups."""
    failure = pytest.RaisesExc(McpFailure, check=lambda failure: str(failure).endswith(said))
    return pytest.RaisesGroup(failure, allow_unwrapped=True, flatten_subgroups=True)


async def nobody(_server: str, _params: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"action": "cancel"}


async def test_a_session_is_kept_and_authorized_and_answers_come_either_way() -> None:
    async def serve(exchange: Exchange) -> None:
        if not await greet(exchange):
            await exchange.result({"content": []})

    headers = {"X-Mine": "1"}
    async with (
        serving(serve) as (url, asked),
        connected(url, bearer_token_env_var="TOKEN", headers=headers) as connection,
    ):
        assert [tool.name for tool in connection.tools] == ["t"]
        assert await connection.call("t", {}, meta={}, elicit=nobody) == {"content": []}
    assert [exchange.headers.get("mcp-session-id") for exchange in asked] == [None, "s-1", "s-1", "s-1"]
    assert asked[-1].headers["mcp-protocol-version"] == "2025-06-18"
    assert {exchange.headers["authorization"] for exchange in asked} == {"Bearer the-token"}
    assert {exchange.headers["x-mine"] for exchange in asked} == {"1"}


async def test_a_command_says_more_headers_each_time_the_server_is_reached(tmp_path: Path) -> None:
    async def serve(exchange: Exchange) -> None:
        await greet(exchange)

    helper = (
        """pwd >> seen; printf '{"X-Mine": "%s", "Authorization": "from %s"}' "$(grep -c . seen)" "$HOME$UNSEEN" """
    )
    async with serving(serve) as (url, asked):
        for _ in range(2):
            async with connected(
                url,
                folder=str(tmp_path),
                environ={"HOME": "/home", "UNSEEN": "x", "PATH": os.environ["PATH"]},
                headers={"X-Mine": "0"},
                headers_helper=helper,
            ):
                pass
    # Its words count before those of the file, and it sees what a server's process would see.
    assert [exchange.headers["x-mine"] for exchange in asked if exchange.message["method"] == "initialize"] == [
        "1",
        "2",
    ]
    assert {exchange.headers["authorization"] for exchange in asked} == {"from /home"}
    assert (tmp_path / "seen").read_text().split() == [str(tmp_path)] * 2


@pytest.mark.parametrize(
    ("helper", "said"),
    [
        ("echo no >&2; exit 3", "http_headers_helper of MCP server 'web' failed with status 3: no"),
        ("echo secret", "http_headers_helper of MCP server 'web' printed no JSON object of texts"),
        ("""echo '{"A": 1}'""", "printed no JSON object of texts"),
        ("""echo '[]'""", "printed no JSON object of texts"),
        (r"""printf '\377'""", "printed no JSON object of texts"),
        (r"""printf %s '{"A": "x\ny"}'""", "printed a header that cannot be sent: 'A'"),
        ("""echo '{"A B": ""}'""", "printed a header that cannot be sent: 'A B'"),
        ("head -c 100000 /dev/zero", "printed too much"),
        ("sleep 600", "took longer than 0.2 s (startup_timeout_sec)"),
    ],
)
async def test_a_command_that_says_no_headers_fails_its_server(helper: str, said: str) -> None:
    environ = {"PATH": os.environ["PATH"]}
    seconds = 0.2 if helper.startswith("sleep") else PATIENCE
    with refused(said):
        async with connected("http://127.0.0.1:9/", environ=environ, headers_helper=helper, seconds=seconds):
            pass


async def test_a_question_may_come_before_the_answer() -> None:
    answered = trio.Event()

    async def serve(exchange: Exchange) -> None:
        if await greet(exchange):
            return
        if exchange.message.get("method") == "tools/call":
            question = {"jsonrpc": "2.0", "id": 7, "method": "elicitation/create", "params": {"message": "?"}}
            result = {"jsonrpc": "2.0", "id": exchange.message["id"], "result": {"content": [{"type": "text"}]}}
            await exchange.events(question, result)
        else:
            assert exchange.message == {"jsonrpc": "2.0", "id": 7, "result": {"action": "decline"}}
            await exchange.answer(202)
            answered.set()

    async def decline(server: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        assert (server, params) == ("web", {"message": "?"})
        return {"action": "decline"}

    async with serving(serve) as (url, _), connected(url) as connection:
        assert await connection.call("t", {}, meta={}, elicit=decline) == {"content": [{"type": "text"}]}
        await answered.wait()


async def test_an_answer_without_end_is_read_no_longer_than_somebody_waits() -> None:
    flooding, cut = trio.Event(), trio.Event()

    async def serve(exchange: Exchange) -> None:
        if exchange.message.get("method") == "notifications/cancelled":
            await exchange.answer(202)
        elif not await greet(exchange):
            await exchange.answer(200, content_type="text/event-stream", content_length="999999999")
            with contextlib.suppress(trio.BrokenResourceError):
                while True:
                    await exchange.more(b'data: {"method":"notifications/other"}\n\n')
                    flooding.set()
            cut.set()

    async with serving(serve) as (url, _), connected(url) as connection:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(connection.call, "t", {}, meta={}, elicit=nobody))
            await flooding.wait()
            nursery.cancel_scope.cancel()
        await cut.wait()
        assert not connection.gone.is_set()


async def test_arguments_that_are_no_object_are_refused_before_the_server_sees_them() -> None:
    async def serve(exchange: Exchange) -> None:
        assert await greet(exchange)

    async with serving(serve) as (url, asked), connected(url) as connection:
        before = len(asked)
        for arguments in (5, [1], "x"):
            with pytest.raises(McpFailure, match="must be a JSON object"):
                await connection.call("t", arguments, meta={}, elicit=nobody)
        assert len(asked) == before


async def test_an_answer_that_cannot_be_read_fails_its_request_and_the_next_one_works() -> None:
    bodies = [b'{"x":' * 5000 + b"1" + b"}" * 5000, b'{"content":[],"x":NaN}']

    async def serve(exchange: Exchange) -> None:
        if not await greet(exchange):
            body = b'{"jsonrpc":"2.0","id":%d,"result":%b}' % (exchange.message["id"], bodies.pop(0))
            await exchange.answer(200, body, content_type="application/json")

    async with serving(serve) as (url, _), connected(url) as connection:
        with pytest.raises(McpFailure, match="the answer is no JSON that can be read: nested more than"):
            await connection.call("t", {}, meta={}, elicit=nobody)
        assert await connection.call("t", {}, meta={}, elicit=nobody) == {"content": [], "x": None}


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "HTTP status 401 (log in, or set bearer_token_env_var) go away"), (500, "HTTP status 500 go away")],
)
async def test_a_refusal_is_told_with_the_servers_words(status: int, said: str) -> None:
    async def serve(exchange: Exchange) -> None:
        await exchange.answer(status, b"go away")

    async with serving(serve) as (url, _):
        with refused(said):
            async with connected(url):
                pass


@pytest.mark.parametrize("length", ["0", "100"], ids=["whole", "cut short"])
async def test_an_answer_without_a_result_fails_its_request_and_the_next_one_works(length: str) -> None:
    calls = 0

    async def serve(exchange: Exchange) -> None:
        nonlocal calls
        if await greet(exchange):
            return
        calls += 1
        if calls == 1:
            await exchange.answer(200, content_type="text/event-stream", content_length=length)
        else:
            await exchange.result({"content": []})

    async with serving(serve) as (url, _), connected(url) as connection:
        with pytest.raises(McpFailure):
            await connection.call("t", {}, meta={}, elicit=nobody)
        assert await connection.call("t", {}, meta={}, elicit=nobody) == {"content": []}
        assert not connection.gone.is_set()


async def test_a_session_that_the_server_has_forgotten_ends() -> None:
    async def serve(exchange: Exchange) -> None:
        if not await greet(exchange):
            await exchange.answer(404, b"no such session")

    async with serving(serve) as (url, _), connected(url) as connection:
        with pytest.raises(McpFailure, match="HTTP status 404 no such session"):
            await connection.call("t", {}, meta={}, elicit=nobody)
        await connection.gone.wait()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ({"url": "ftp://somewhere"}, "ftp://somewhere is no address that HTTP can reach"),
        (
            {"url": "http://127.0.0.1:9/mcp", "bearer_token_env_var": "NOT_SET"},
            "Environment variable NOT_SET for MCP server 'web' is not set",
        ),
    ],
)
async def test_an_address_that_cannot_be_used_says_why(address: dict[str, Any], said: str) -> None:
    with refused(said):
        async with connected(**address):
            pass

"""What clients ask of MCP servers that do not answer: a list of servers comes all the same."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
import trio
from codex_trio_protocol.v2 import mcp as wire
from trio.testing import MockClock

from codex_trio.config.requirements import NOTHING_REQUIRED
from codex_trio.extensions.mcp.connection import McpConnection
from codex_trio.extensions.mcp.errors import McpError, McpFailure, McpGone, McpTimeout
from codex_trio.extensions.mcp.settings import McpServerSettings
from codex_trio.extensions.mcp.thread_servers import ServerUses
from codex_trio.processors.mcp import McpProcessor
from codex_trio.rpc.errors import RpcError
from codex_trio.threads.mcp import McpServers, ThreadMcp
from codex_trio.threads.mcp_requests import McpRequests, ServerReport
from codex_trio.tools.mcp_questions import McpAnswer, McpQuestion

LIST = {"hanging": {"command": "a"}, "mute": {"command": "b"}, "good": {"command": "c"}}


class Pool:
    """Servers of which one never starts, and one never says what resources it has."""

    @asynccontextmanager
    async def use(self, settings: McpServerSettings, *, folder: str) -> AsyncGenerator[McpConnection]:
        assert folder == "/work"

        async def list_all(method: str, _key: str) -> list[dict[str, Any]]:
            if settings.name == "mute":
                await trio.sleep_forever()
            return [{"method": method}]

        if settings.name == "hanging":
            await trio.sleep_forever()
        yield cast("McpConnection", SimpleNamespace(list_all=list_all))


def requests() -> McpRequests:
    config = SimpleNamespace(
        load=lambda: SimpleNamespace(merged={"mcp_servers": LIST}, requirements=NOTHING_REQUIRED),
        resolve_cwd=lambda _cwd: "/work",
    )
    servers = McpServers(cast("Any", Pool()), clients=cast("Any", None), remember=cast("Any", None))

    async def state(*_arguments: Any, **_named: Any) -> str:
        return "unsupported"

    logins = cast("Any", SimpleNamespace(state=state))
    return McpRequests(cast("Any", config), cast("Any", None), servers, logins, patience=10)


@pytest.mark.parametrize("with_resources", [True, False])
async def test_servers_that_hang_cost_a_list_a_while_and_the_others_nothing(
    autojump_clock: MockClock,
    with_resources: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    reports = await requests().reports(None, only=None, with_resources=with_resources)
    told: dict[str, ServerReport] = {report.settings.name: report for report in reports}
    assert str(told["hanging"].failure) == "it is still starting after 10 seconds; ask again later"
    assert told["good"].failure is None
    assert told["good"].resources == ([{"method": "resources/list"}] if with_resources else ())
    if with_resources:
        assert str(told["mute"].failure) == "it did not list its resources in 10 seconds"
    assert told["mute"].connection is not None
    assert trio.current_time() == 10


def processing(answer: Callable[..., Awaitable[dict[str, Any]]], *, failure: McpFailure | None = None) -> McpProcessor:
    """Return what answers clients, with a server `s` that answers so, unless it fails to start."""

    async def started(_name: str) -> Any:
        await trio.lowlevel.checkpoint()
        if failure is not None:
            raise failure
        return SimpleNamespace(connection=SimpleNamespace(call=answer, read_resource=answer), uses=ServerUses())

    mcp = SimpleNamespace(servers=SimpleNamespace(names=["s"], started=started))
    loaded = SimpleNamespace(find=lambda _id: SimpleNamespace(id=_id))
    threads = SimpleNamespace(loaded=loaded, mcp=SimpleNamespace(find=lambda _id: mcp), mcp_logins=None)
    return McpProcessor(cast("Any", SimpleNamespace(config=None, threads=threads)))


IN_TIME = "; a higher `tool_timeout_sec` in `[mcp_servers.s]` gives it longer"
TIMEOUT, GONE, ERROR = McpTimeout("timed out"), McpGone("connection closed"), McpError(-32002, "no such note")
START = "failed to get client: MCP startup failed: connection closed"


@pytest.mark.parametrize(
    ("starting", "failure", "called", "read"),
    [
        (False, TIMEOUT, f"tool call failed for `s/t`: timed out{IN_TIME}", f"{{}}: timed out{IN_TIME}"),
        (False, GONE, "tool call failed for `s/t`: connection closed", "{}: connection closed"),
        (False, ERROR, "no such note", "no such note"),
        (True, GONE, START, START),
    ],
)
async def test_a_failure_says_what_failed(
    starting: bool,  # noqa: FBT001  # a parameter of the test
    failure: McpFailure,
    called: str,
    read: str,
) -> None:
    async def answer(*_arguments: Any, **_named: Any) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        raise failure

    processor = processing(answer, failure=failure if starting else None)
    context, thread_id = cast("Any", SimpleNamespace(leave_scope=lambda: None)), str(uuid4())
    with pytest.raises(RpcError) as refused:
        await processor.call(wire.McpServerToolCallParams(thread_id=thread_id, server="s", tool="t"), context)
    assert refused.value.message == called
    with pytest.raises(RpcError) as refused:
        await processor.read(wire.McpResourceReadParams(thread_id=thread_id, server="s", uri="x://y"), context)
    assert refused.value.message == read.format("reading resource `x://y` of MCP server `s` failed")


@pytest.mark.parametrize("content", [5, None, {"a": 1}, "text"])
async def test_what_is_no_result_is_refused_with_its_reason(content: Any) -> None:
    thread_id = str(uuid4())

    async def answer(*_arguments: Any, **_named: Any) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        return {"content": content, "contents": content}

    processor, context = processing(answer), cast("Any", SimpleNamespace(leave_scope=lambda: None))
    with pytest.raises(RpcError, match=r"what `t` of MCP server 's' answers is no result: Expected `array`"):
        await processor.call(wire.McpServerToolCallParams(thread_id=thread_id, server="s", tool="t"), context)
    with pytest.raises(RpcError, match=r"what MCP server 's' answers is no result: Expected `array`"):
        await processor.read(wire.McpResourceReadParams(thread_id=thread_id, server="s", uri="x://y"), context)


PAGES = ["https://a.example", "HTTP://127.0.0.1:1/x?y=z#w"]
NO_PAGES = [
    "javascript:alert(1)",
    " https://a.example",
    "file:///etc/passwd",
    "https://",
    "https:///x",
    "x\n",
    "",
    None,
    5,
]


@pytest.mark.parametrize(("url", "may"), [*((url, True) for url in PAGES), *((url, False) for url in NO_PAGES)])
async def test_a_user_is_sent_to_pages_alone(url: object, *, may: bool) -> None:
    asked: list[str | None] = []

    async def elicit(_thread_id: str, question: McpQuestion, _followers: Any) -> McpAnswer:
        await trio.lowlevel.checkpoint()
        asked.append(question.url)
        return McpAnswer(action="accept")

    approver = SimpleNamespace(wait_for_person=lambda _name: None, release=lambda _name: None)
    live = SimpleNamespace(id="thread", approver=approver, subscribers=())
    clients = SimpleNamespace(elicit=elicit)
    mcp = ThreadMcp(
        cast("Any", live), cast("Any", None), folder="/", clients=cast("Any", clients), remember=cast("Any", 0)
    )
    params = {"mode": "url", "message": "Go", "elicitationId": "e", "url": url}
    if may:
        assert await mcp.elicit("s", params, turn_id=None) == {"action": "accept", "content": {}}
        assert asked == [url]
    else:
        with pytest.raises(McpError, match="url must be the http or https address of a page"):
            await mcp.elicit("s", params, turn_id=None)
        assert asked == []

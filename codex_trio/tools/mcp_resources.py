"""Tools by which the model looks at the resources of MCP servers.

Owns their offer, their items and what they give. Does not own the servers (`extensions.mcp`).

Protocol source: specs and outputs of release 0.171.0.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import trio

from codex_trio.domain.items import Duration, McpToolCall
from codex_trio.extensions.mcp.errors import McpError, McpFailure
from codex_trio.extensions.mcp.thread_servers import ReadyServer, ThreadServers
from codex_trio.tools.arguments import decode_arguments, decode_value
from codex_trio.tools.calls import ToolCall, ToolFailure, ToolOutput
from codex_trio.tools.context import ToolContext
from codex_trio.tools.registry import Tool, ToolOffer
from codex_trio.tools.truncate import fit

ALL_SERVERS = "codex"
"""What stands in place of a server where a call is about all of them (0.171.0)."""

_STORE_SECONDS = 10.0


class _Listing(msgspec.Struct, frozen=True):
    server: str | None = None
    cursor: str | None = None


class _Reading(msgspec.Struct, frozen=True):
    server: str
    uri: str


class McpResourceTools:
    """Provides them to threads that have servers."""

    namespace = None

    def __init__(self, servers: ThreadServers) -> None:
        self._servers = servers

    def tools(self, offer: ToolOffer) -> Sequence[Tool]:
        """Return what a turn is offered."""
        return [
            ListResources(
                self._servers,
                name="list_mcp_resources",
                method="resources/list",
                key="resources",
                what="resources",
                described=(
                    "Lists resources provided by MCP servers. Resources allow servers to share data that provides "
                    "context to language models, such as files, database schemas, or application-specific "
                    "information. Prefer resources over web search when possible."
                ),
            ),
            ListResources(
                self._servers,
                name="list_mcp_resource_templates",
                method="resources/templates/list",
                key="resourceTemplates",
                what="resource templates",
                described=(
                    "Lists resource templates provided by MCP servers. Parameterized resource templates allow servers "
                    "to share data that takes parameters and provides context to language models, such as files, "
                    "database schemas, or application-specific information. Prefer resource templates over web search "
                    "when possible."
                ),
            ),
            ReadResource(self._servers),
        ]


class ListResources:
    """Lists what one server, or every server, has of a kind."""

    parallel = True

    def __init__(self, servers: ThreadServers, *, name: str, method: str, key: str, what: str, described: str) -> None:
        self._servers = servers
        self._name = name
        self._method = method
        self._key = key
        self.spec = _spec(
            name,
            described,
            {
                "cursor": f"Opaque cursor from a previous {name} call; omit for the first page.",
                "server": f"MCP server name. Omit to list {what} from every configured server.",
            },
        )

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        asked = decode_arguments(call.arguments, _Listing)

        async def find() -> dict[str, Any]:
            if asked.server is not None:
                found = await self._of(_ready(self._servers, asked.server))
                return {"server": asked.server, self._key: found}
            return {self._key: [item for server in self._servers.ready for item in await self._of_any(server)]}

        return await _told(call, context, asked.server or ALL_SERVERS, self._name, find)

    async def _of(self, server: ReadyServer) -> list[dict[str, Any]]:
        with server.uses.one():
            listed = await server.connection.list_all(self._method, self._key)
        return [{"server": server.settings.name, **item} for item in listed]

    async def _of_any(self, server: ReadyServer) -> list[dict[str, Any]]:
        """Return the same where one server that fails must not hide the others."""
        try:
            return await self._of(server)
        except McpFailure:
            return []


class ReadResource:
    """Reads one resource."""

    parallel = True

    def __init__(self, servers: ThreadServers) -> None:
        self._servers = servers
        self.spec = _spec(
            "read_mcp_resource",
            "Read a specific resource from an MCP server given the server name and resource URI.",
            {
                "server": "MCP server name exactly as configured. Must match the 'server' field returned by "
                "list_mcp_resources.",
                "uri": "Resource URI to read. Must be one of the URIs returned by list_mcp_resources.",
            },
            required=("server", "uri"),
        )

    async def run(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        asked = decode_arguments(call.arguments, _Reading)

        async def read() -> dict[str, Any]:
            server = _ready(self._servers, asked.server)
            try:
                with server.uses.one():
                    result = await server.connection.read_resource(asked.uri)
            except McpFailure as failure:
                raise ToolFailure(_read_failure(asked, failure)) from failure
            return {"server": asked.server, "uri": asked.uri, "contents": result.get("contents", [])}

        return await _told(call, context, asked.server, "read_mcp_resource", read)


async def _told(
    call: ToolCall, context: ToolContext, server: str, tool: str, find: Callable[[], Awaitable[dict[str, Any]]]
) -> ToolOutput:
    """Return what is found, shown as an item."""
    started = time.monotonic()
    arguments = decode_value(call.arguments or "{}")
    item = McpToolCall(id=call.call_id, server=server, tool=tool, arguments=arguments, status="in_progress")
    context.log.started(item)

    def ended(*, text: str | None = None, error: str | None = None) -> McpToolCall:
        return msgspec.structs.replace(
            item,
            status="failed" if text is None else "completed",
            result=None if text is None else {"content": [{"type": "text", "text": text}], "isError": False},
            error=None if error is None else {"message": error},
            duration=Duration.from_seconds(time.monotonic() - started),
        )

    try:
        text = msgspec.json.encode(await find()).decode()
    except (ToolFailure, McpFailure) as failure:
        await context.log.completed(ended(error=str(failure)))
        raise ToolFailure(str(failure)) from None
    except BaseException:
        with trio.move_on_after(_STORE_SECONDS, shield=True):
            await context.log.completed(ended(error="the turn was stopped"))
        raise
    await context.log.completed(ended(text=text))
    return ToolOutput(content=fit(text, max_tokens=context.model.tool_output_token_limit))


def _ready(servers: ThreadServers, name: str) -> ReadyServer:
    """Return a server that can be used. Raises ToolFailure with what the model can do about it."""
    server = servers.find(name)
    if server is None:
        failure = servers.failure_of(name)
        there = f"; there are: {', '.join(servers.names)}"
        raise ToolFailure(f"unknown MCP server '{name}'{there}" if failure is None else f"`{name}` failed: {failure}")
    return server


def _read_failure(asked: _Reading, failure: McpFailure) -> str:
    said = f"Mcp error: {failure.code}: {failure.message}" if isinstance(failure, McpError) else str(failure)
    return f"resources/read failed: resources/read failed for `{asked.server}` ({asked.uri}): {said}"


def _spec(name: str, described: str, fields: dict[str, str], *, required: Sequence[str] = ()) -> dict[str, Any]:
    properties = {field: {"type": "string", "description": text} for field, text in fields.items()}
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        parameters["required"] = list(required)
    parameters["additionalProperties"] = False
    return {"type": "function", "name": name, "description": described, "strict": False, "parameters": parameters}

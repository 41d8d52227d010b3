"""MCP servers: how they are, their tools and resources, and reading their settings anew.

Protocol source: `mcpServerStatus/list`, `mcpServer/tool/call|resource/read|oauth/login|event/stream/*`,
`config/mcpServer/reload`, release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from codex_trio_protocol import table
from codex_trio_protocol.v2 import mcp as wire
from msgspec import UNSET

from codex_trio.config.errors import ConfigLoadError
from codex_trio.extensions.mcp.errors import McpError, McpFailure, McpRequestFailed
from codex_trio.extensions.mcp.oauth.web import OAuthFailure
from codex_trio.extensions.mcp.settings import HttpAddress
from codex_trio.processors.offset_pages import page_of
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import RpcError, internal_error, invalid_request
from codex_trio.threads.mcp_logins import McpLoginRefused
from codex_trio.threads.mcp_requests import McpRequests, ServerReport, UnknownServer

T = TypeVar("T")


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = McpProcessor(services)
    return {
        "mcpServerStatus/list": processor.list,
        "mcpServer/tool/call": processor.call,
        "mcpServer/resource/read": processor.read,
        "mcpServer/oauth/login": processor.log_in,
        "mcpServer/event/stream/start": processor.start_events,
        "mcpServer/event/stream/stop": processor.stop_events,
        "config/mcpServer/reload": processor.reload,
    }


class McpProcessor:
    def __init__(self, services: WorkServices) -> None:
        threads = services.threads
        self._requests = McpRequests(services.config, threads.loaded, threads.mcp, threads.mcp_logins)

    async def list(
        self, params: wire.ListMcpServerStatusParams, context: RequestContext
    ) -> wire.ListMcpServerStatusResponse:
        """Return a page of servers: those of a thread, or those that the configuration names."""
        # Servers may take their time: it is not that of other requests.
        context.leave_scope()
        if params.environment_id is not None:
            if params.server_name is None or params.thread_id is None:
                raise invalid_request("environmentId requires serverName and threadId")
            if not self._is_in(params.environment_id, params.server_name, parse_thread_id(params.thread_id)):
                return wire.ListMcpServerStatusResponse(data=[])
        with _refused():
            reports = await self._requests.reports(
                None if params.thread_id is None else parse_thread_id(params.thread_id),
                only=params.server_name,
                with_resources=params.detail != "toolsAndAuthOnly",
            )
        page, next_cursor = page_of(reports, cursor=params.cursor, limit=params.limit, named="MCP servers")
        return wire.ListMcpServerStatusResponse(data=[_status(report) for report in page], next_cursor=next_cursor)

    async def call(
        self, params: wire.McpServerToolCallParams, context: RequestContext
    ) -> wire.McpServerToolCallResponse:
        """Return what a tool gives that a person calls; it becomes no part of a conversation."""
        context.leave_scope()
        thread_id = parse_thread_id(params.thread_id)
        self._check_environment(params.environment_id, params.server, thread_id)
        with _refused():
            result = await self._requests.call(
                thread_id,
                params.server,
                params.tool,
                None if params.arguments is UNSET else params.arguments,
                meta=None if params.meta is UNSET else params.meta,
            )
        given: dict[str, Any] = {"content": [], **result}
        return _converted(given, wire.McpServerToolCallResponse, f"`{params.tool}` of MCP server '{params.server}'")

    async def read(self, params: wire.McpResourceReadParams, context: RequestContext) -> wire.McpResourceReadResponse:
        """Return what a resource holds."""
        context.leave_scope()
        thread_id = None if params.thread_id is None else parse_thread_id(params.thread_id)
        self._check_environment(params.environment_id, params.server, thread_id)
        with _refused():
            result = await self._requests.read(thread_id, params.server, params.uri)
        given: dict[str, Any] = {"contents": [], **result, "originCallId": params.origin_call_id}
        return _converted(given, wire.McpResourceReadResponse, f"MCP server '{params.server}'")

    def _check_environment(self, environment_id: str | None, server: str, thread_id: str | None) -> None:
        """Refuse to look for a server elsewhere than it runs."""
        if environment_id is not None and not self._is_in(environment_id, server, thread_id):
            raise internal_error(f"unknown MCP server '{server} (environment {environment_id})'")

    def _is_in(self, environment_id: str, server: str, thread_id: str | None) -> bool:
        return thread_id is not None and self._requests.environment_of(thread_id, server) == environment_id

    async def log_in(
        self, params: wire.McpServerOauthLoginParams, context: RequestContext
    ) -> wire.McpServerOauthLoginResponse:
        """Return the page that the user has to open; a notification tells when the login is over."""
        context.leave_scope()
        if params.environment_id is not None:
            raise invalid_request(f"No MCP server named '{params.name} (environment {params.environment_id})' found.")
        thread_id = None if params.thread_id is None else parse_thread_id(params.thread_id)
        with _refused():
            try:
                login = await self._requests.log_in(
                    params.name,
                    thread_id=thread_id,
                    scopes=params.scopes,
                    seconds=params.timeout_secs,
                    registration=params.client_registration,
                )
            except McpLoginRefused as refused:
                raise invalid_request(str(refused)) from refused
            except OAuthFailure as failure:
                raise internal_error(f"failed to login to MCP server '{params.name}': {failure}") from failure
        context.when_answered(login.answered)
        return wire.McpServerOauthLoginResponse(authorization_url=login.url, login_id=login.id)

    async def start_events(
        self, _params: wire.McpServerEventStreamStartParams, _context: RequestContext
    ) -> wire.McpServerEventStreamStartResponse:
        """Refuse: only apps that the vendor hosts have events."""
        raise invalid_request("MCP event subscriptions are only supported for hosted apps")

    async def stop_events(
        self, _params: wire.McpServerEventStreamStopParams, _context: RequestContext
    ) -> wire.McpServerEventStreamStopResponse:
        """There is nothing to stop."""
        return wire.McpServerEventStreamStopResponse()

    async def reload(self, _params: None, _context: RequestContext) -> wire.McpServerRefreshResponse:
        """Have every loaded thread use the servers that its configuration names now."""
        failures = await self._requests.reload()
        if failures:
            raise internal_error(f"failed to refresh MCP servers: {'; '.join(failures)}")
        return wire.McpServerRefreshResponse()


def _converted(result: Mapping[str, Any], kind: type[T], who: str) -> T:
    """Return what a server answers as clients have it."""
    try:
        return table.convert(dict(result), kind)
    except msgspec.ValidationError as error:
        raise internal_error(f"what {who} answers is no result: {error}") from error


@contextmanager
def _refused() -> Generator[None]:
    """Tell clients why something did not work; what a server says is passed on."""
    try:
        yield
    except UnknownServer as error:
        raise internal_error(f"unknown MCP server '{error}'") from error
    except McpError as error:
        raise RpcError(error.code, error.message, error.data) from error
    except McpRequestFailed as failure:
        raise internal_error(_told(failure)) from failure
    except McpFailure as failure:
        raise internal_error(f"failed to get client: {_told(failure)}") from failure
    except ConfigLoadError as error:
        raise internal_error(f"failed to load configuration: {error.message}") from error


def _status(report: ServerReport) -> wire.McpServerStatus:
    settings, connection = report.settings, report.connection
    facts = None if connection is None else connection.facts
    tools = () if connection is None else (tool for tool in connection.tools if settings.offers(tool.name))
    return wire.McpServerStatus(
        name=settings.name,
        environment_id=settings.environment_id,
        plugin_id=settings.plugin_id,
        runtime_status=report.runtime,
        http_origin=_origin(settings.transport.url) if isinstance(settings.transport, HttpAddress) else None,
        server_info=None if facts is None else _known(facts.info, wire.McpServerInfo),
        server_capabilities=None if facts is None else dict(facts.capabilities),
        tools={tool.name: found for tool in tools if (found := _known(tool.raw, wire.Tool)) is not None},
        tools_error=None if report.failure is None else _told(report.failure),
        resources=_all_known(report.resources, wire.Resource),
        resource_templates=_all_known(report.templates, wire.ResourceTemplate),
        auth_status=report.auth,
    )


def _told(failure: McpFailure) -> str:
    """Return a failure's words; those of what fails later say so themselves."""
    return str(failure) if isinstance(failure, McpRequestFailed) else f"MCP startup failed: {failure}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _known(raw: Mapping[str, Any], kind: Callable[..., T]) -> T | None:
    """Return what a server says in the protocol's form; None where it is of another."""
    try:
        return table.convert(dict(raw), kind)
    except msgspec.ValidationError:
        return None


def _all_known(raws: Any, kind: Callable[..., T]) -> list[T]:
    return [found for raw in raws if (found := _known(raw, kind)) is not None]

"""What clients ask of MCP servers themselves: how they are, a tool, a resource, other settings.

Owns which server is meant, with a thread or without. Does not own servers (`extensions.mcp`), or the words of answers.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec
import trio

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.service import ConfigService
from codex_trio.config.settings import EffectiveConfig
from codex_trio.extensions.mcp.connection import McpConnection
from codex_trio.extensions.mcp.errors import McpError, McpFailure, McpLoginNeeded, McpRequestFailed, McpTimeout
from codex_trio.extensions.mcp.oauth.logins import AuthState
from codex_trio.extensions.mcp.settings import McpServerSettings
from codex_trio.extensions.mcp.thread_servers import ReadyServer
from codex_trio.threads.errors import ThreadError
from codex_trio.threads.live import LiveThread
from codex_trio.threads.loaded import LoadedThreads
from codex_trio.threads.mcp import McpServers, ThreadMcp
from codex_trio.threads.mcp_logins import BegunLogin, ServerLogins, find_server
from codex_trio.util.loose_json import table_of

PATIENCE_SECONDS = 10.0
"""How long a list of servers waits for those that start, or do not say what they have."""

RuntimeStatus = Literal["connected", "failed", "starting", "disabled", "authenticationRequired"]


class UnknownServer(Exception):
    """There is no MCP server of that name."""


class ServerReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a server is, and what it has. `runtime` is None where no thread was asked about."""

    settings: McpServerSettings
    runtime: RuntimeStatus | None
    connection: McpConnection | None = None
    failure: McpFailure | None = None
    auth: AuthState = "unsupported"
    resources: Sequence[Mapping[str, Any]] = ()
    templates: Sequence[Mapping[str, Any]] = ()


class McpRequests:
    """See the module. `patience` is how many seconds a list of servers waits for any of them."""

    def __init__(
        self,
        config: ConfigService,
        loaded: LoadedThreads,
        servers: McpServers,
        logins: ServerLogins,
        *,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._config = config
        self._loaded = loaded
        self._servers = servers
        self._logins = logins
        self._patience = patience

    async def reports(self, thread_id: str | None, *, only: str | None, with_resources: bool) -> Sequence[ServerReport]:
        """Return how servers are, by their names: those of a loaded thread, else those of the configuration.

        Without a thread they are started for this. Raises ConfigLoadError, ThreadError.
        """
        mcp = None if thread_id is None else self._thread(thread_id)
        configured = await self._servers_of(mcp)
        chosen = [settings for name, settings in sorted(configured.items()) if only is None or name == only]
        found: list[ServerReport | None] = [None] * len(chosen)

        async def report(place: int, settings: McpServerSettings) -> None:
            report = await self._report(settings, mcp, with_resources=with_resources)
            found[place] = await self._with_login(report)

        async with trio.open_nursery() as nursery:
            for place, settings in enumerate(chosen):
                nursery.start_soon(report, place, settings)
        return [report for report in found if report is not None]

    async def call(self, thread_id: str, server: str, tool: str, arguments: Any, *, meta: Any) -> dict[str, Any]:
        """Return what a tool of a thread's server gives; nobody is asked first, as a person did this.

        Raises McpFailure, ThreadError, UnknownServer.
        """
        mcp = self._thread(thread_id)
        ready = await self._of_thread(mcp, server)

        async def elicit(name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
            return await mcp.elicit(name, params, turn_id=None)

        given = {"threadId": thread_id, **table_of(meta)}
        with _named(f"tool call failed for `{server}/{tool}`", server), ready.uses.one():
            return await ready.connection.call(tool, arguments, meta=given, elicit=elicit)

    async def read(self, thread_id: str | None, server: str, uri: str) -> dict[str, Any]:
        """Return what a resource holds. Raises ConfigLoadError, McpFailure, ThreadError, UnknownServer."""
        reading = f"reading resource `{uri}` of MCP server `{server}` failed"
        if thread_id is not None:
            ready = await self._of_thread(self._thread(thread_id), server)
            with _named(reading, server), ready.uses.one():
                return await ready.connection.read_resource(uri)
        settings = (await self._configured()).get(server)
        if settings is None:
            raise UnknownServer(server)
        async with self._use(settings) as connection:
            with _named(reading, server):
                return await connection.read_resource(uri)

    async def log_in(
        self,
        server: str,
        *,
        thread_id: str | None,
        scopes: Sequence[str] | None,
        seconds: int | None,
        registration: str | None,
    ) -> BegunLogin:
        """Begin a login to a server of a thread, or of the configuration.

        Raises ConfigLoadError, McpLoginRefused, McpFailure, ThreadError.
        """
        mcp = None if thread_id is None else self._thread(thread_id)
        settings = find_server(await self._servers_of(mcp), server)
        return await self._logins.begin(
            settings, thread_id=thread_id, scopes=scopes, seconds=seconds, registration=registration
        )

    def environment_of(self, thread_id: str, server: str) -> str | None:
        """Return the environment that a server of a loaded thread is bound to; None for none. Raises ThreadError."""
        settings = self._thread(thread_id).servers.settings
        return next((known.environment_id for known in settings if known.name == server), None)

    async def reload(self) -> list[str]:
        """Exchange the servers of every loaded thread for those of its configuration as it is now; what went wrong.

        A thread's own overrides still count, and servers whose settings are the same go on.
        """
        failures: list[str] = []
        for folder in dict.fromkeys(live.settings.cwd for live in self._loaded.all()):
            try:
                await self._config.ask_loader(folder)
            except ConfigLoadError as error:
                failures.append(error.message)
        failures += await self._servers.reload(self._config_of)
        await self._servers.end_forgotten(self._config_in)
        return failures

    async def _config_of(self, live: LiveThread) -> EffectiveConfig:
        flags = (layer for layer in live.config.stack.layers if layer.source.kind == "sessionFlags")
        session = next((layer for layer in flags if layer.source.id is None), None)
        return await self._config_in(live.settings.cwd, None if session is None else session.table)

    async def _config_in(self, folder: Path | str, overrides: Mapping[str, Any] | None = None) -> EffectiveConfig:
        try:
            return await self._config.current(Path(folder), overrides)
        except TimeoutError as error:
            raise ConfigLoadError(f"the folder `{folder}` {error.strerror}") from None

    def _thread(self, thread_id: str) -> ThreadMcp:
        live = self._loaded.find(thread_id)
        mcp = None if live is None else self._servers.find(live.id)
        if mcp is None:
            raise ThreadError(f"thread not found: {thread_id}")
        return mcp

    async def _configured(self) -> dict[str, McpServerSettings]:
        return await self._servers.of(self._config.load())

    async def _servers_of(self, mcp: ThreadMcp | None) -> dict[str, McpServerSettings]:
        return await self._configured() if mcp is None else {known.name: known for known in mcp.servers.settings}

    async def _of_thread(self, mcp: ThreadMcp, server: str) -> ReadyServer:
        if server not in mcp.servers.names:
            raise UnknownServer(server)
        return await mcp.servers.started(server)

    @asynccontextmanager
    async def _use(self, settings: McpServerSettings) -> AsyncGenerator[McpConnection]:
        async with self._servers.pool.use(settings, folder=str(self._config.resolve_cwd(None))) as connection:
            yield connection

    async def _report(
        self, settings: McpServerSettings, mcp: ThreadMcp | None, *, with_resources: bool
    ) -> ServerReport:
        if not settings.enabled:
            return ServerReport(settings=settings, runtime=None)
        if mcp is None:
            return await self._report_of_started(settings, with_resources=with_resources)
        ready = mcp.servers.find(settings.name)
        if ready is not None:
            report = ServerReport(settings=settings, runtime="connected", connection=ready.connection)
            return await self._with_resources(report, ready.connection) if with_resources else report
        failure = mcp.servers.failure_of(settings.name)
        runtime = "starting" if failure is None else "failed"
        if isinstance(failure, McpLoginNeeded):
            runtime = "authenticationRequired"
        return ServerReport(settings=settings, runtime=runtime, failure=failure)

    async def _with_login(self, report: ServerReport) -> ServerReport:
        if not report.settings.enabled:
            return report
        connected = report.connection is not None
        auth = await self._logins.state(report.settings, connected=connected, failure=report.failure)
        return msgspec.structs.replace(report, auth=auth)

    async def _report_of_started(self, settings: McpServerSettings, *, with_resources: bool) -> ServerReport:
        """Return how a server is that is started for this, unless it runs."""
        report = ServerReport(settings=settings, runtime=None)
        with trio.CancelScope(deadline=trio.current_time() + self._patience) as waiting:
            try:
                async with self._use(settings) as connection:
                    waiting.deadline = math.inf
                    report = msgspec.structs.replace(report, connection=connection)
                    return await self._with_resources(report, connection) if with_resources else report
            except McpFailure as failure:
                return msgspec.structs.replace(report, failure=failure)
        slow = McpTimeout(f"it is still starting after {self._patience:g} seconds; ask again later")
        return msgspec.structs.replace(report, failure=slow)

    async def _with_resources(self, report: ServerReport, connection: McpConnection) -> ServerReport:
        """Return a report with what the server has besides tools; without it, and why, where it does not say."""
        failure = McpRequestFailed(f"it did not list its resources in {self._patience:g} seconds")
        with trio.move_on_after(self._patience):
            try:
                resources = await connection.list_all("resources/list", "resources")
                templates = await connection.list_all("resources/templates/list", "resourceTemplates")
            except McpFailure as told:
                failure = McpRequestFailed(f"its resources could not be listed: {told}")
            else:
                return msgspec.structs.replace(report, resources=resources, templates=templates)
        return msgspec.structs.replace(report, failure=failure)


@contextmanager
def _named(what: str, server: str) -> Generator[None]:
    """Say what failed, and what helps; what the server itself answers is passed on."""
    try:
        yield
    except (McpError, McpLoginNeeded):
        raise
    except McpTimeout as failure:
        more = f"a higher `tool_timeout_sec` in `[mcp_servers.{server}]` gives it longer"
        raise McpRequestFailed(f"{what}: {failure}; {more}") from failure
    except McpFailure as failure:
        raise McpRequestFailed(f"{what}: {failure}") from failure

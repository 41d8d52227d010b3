"""One server that runs: its session, its tools, and for whom it works at the moment.

Owns: starting it within its time, keeping the list of its tools fresh, and whom its questions go to. Does not own: who
shares it and when it ends (`pool`), how a question reaches a user.
"""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import trio

from codex_trio.extensions.mcp.errors import McpFailure, McpGone, McpTimeout
from codex_trio.extensions.mcp.http import open_http
from codex_trio.extensions.mcp.oauth.logins import McpLogins
from codex_trio.extensions.mcp.server_tools import McpTool, learnt_tools
from codex_trio.extensions.mcp.session import McpChannel, McpSession, Progress, ServerFacts
from codex_trio.extensions.mcp.settings import HERE, HttpAddress, McpServerSettings, Unusable
from codex_trio.extensions.mcp.stdio import Start, StartElsewhere, open_elsewhere, open_stdio
from codex_trio.model.http import HttpTransport

_log = logging.getLogger(__name__)

_REFRESH_PAUSE = 0.5

_MOST_LINES = 1000
_LINES_SECONDS = 60.0
"""How many lines of one server's are logged in what time."""

_NOBODY_SAID: Mapping[str, Any] = {"action": "cancel"}

_LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "warning": logging.WARNING,
    **dict.fromkeys(("error", "critical", "alert", "emergency"), logging.ERROR),
}

Elicit = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Has a user answer a question of the server of that name; returns the result of `elicitation/create`."""


class McpMeans(msgspec.Struct, frozen=True, kw_only=True):
    """What servers are reached with. `environ` is this server's own environment; without `logins` there are none.

    Without `start_elsewhere` this machine is the only one.
    """

    start: Start
    transport: HttpTransport
    environ: Mapping[str, str]
    logins: McpLogins | None = None
    start_elsewhere: StartElsewhere | None = None


class _Caller:
    """Whoever a call is for: asked what the server asks meanwhile, and no longer than the call goes on."""

    def __init__(self, elicit: Elicit) -> None:
        self._elicit = elicit
        self._asking: set[trio.CancelScope] = set()

    async def ask(self, server: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        with trio.CancelScope() as scope:
            self._asking.add(scope)
            try:
                return await self._elicit(server, params)
            finally:
                self._asking.discard(scope)
        return _NOBODY_SAID

    def leave(self) -> None:
        for scope in self._asking:
            scope.cancel()


class McpConnection:
    """A server that is ready. Made by `open_connection`."""

    def __init__(self, settings: McpServerSettings, *, folder: str) -> None:
        self.settings = settings
        self.tools: Sequence[McpTool] = ()
        self.gone = trio.Event()
        """Set when nothing more can be asked of it."""
        self._folder = folder
        self._facts: ServerFacts | None = None
        self._session: McpSession | None = None
        self._callers: list[_Caller] = []
        self._stale = trio.Event()
        self._lines = 0
        self._said_since = -math.inf

    @property
    def facts(self) -> ServerFacts:
        """What the server says of itself."""
        assert self._facts is not None
        return self._facts

    @property
    def session(self) -> McpSession:
        """The conversation with it."""
        assert self._session is not None
        return self._session

    async def start(self, session: McpSession) -> None:
        """Greet the server and learn its tools. Raises McpFailure."""
        self._session = session
        seconds = self.settings.startup_seconds
        self._facts = await session.initialize(seconds=seconds)
        await self._learn_tools(seconds)

    async def keep_tools_fresh(self) -> None:
        """List the tools again whenever the server says that they have changed."""
        while True:
            await self._stale.wait()
            self._stale = trio.Event()
            try:
                await self._learn_tools(self.settings.tool_seconds)
            except McpFailure as failure:
                _log.warning("the tools of MCP server %s cannot be listed: %s", self.settings.name, failure)
            # One that says so again and again, or whenever it is asked, costs little.
            await trio.sleep(_REFRESH_PAUSE)

    async def call(
        self,
        tool: str,
        arguments: Any,
        *,
        meta: Mapping[str, Any],
        elicit: Elicit,
        seconds: float | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Return the result of `tools/call`. The server's questions go to `elicit`, which is cancelled at its end.

        Raises McpFailure.
        """
        if arguments is not None and not isinstance(arguments, dict):
            raise McpFailure("the arguments of a tool of an MCP server must be a JSON object")
        given: dict[str, Any] = {} if arguments is None else cast("dict[str, Any]", arguments)
        params: dict[str, Any] = {"name": tool, "arguments": given, "_meta": dict(meta)}
        caller = _Caller(elicit)
        self._callers.append(caller)
        try:
            limit = self.settings.tool_seconds if seconds is None else seconds
            return await self.session.request("tools/call", params, seconds=limit, progress=progress)
        finally:
            self._callers.remove(caller)
            caller.leave()

    async def list_all(self, method: str, key: str) -> list[dict[str, Any]]:
        """Return all items of one of the server's lists; none where it has no such list. Raises McpFailure."""
        if "resources" not in self.facts.capabilities:
            return []
        return await self.session.all_of(method, key, seconds=self.settings.tool_seconds)

    async def read_resource(self, uri: str) -> dict[str, Any]:
        """Return the result of `resources/read`. Raises McpFailure."""
        return await self.session.request("resources/read", {"uri": uri}, seconds=self.settings.tool_seconds)

    # --- what the server may ask and tell ---

    async def elicit(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask the user for whom the latest call is under way: the protocol does not say which call asks."""
        if not self._callers:
            return _NOBODY_SAID
        return await self._callers[-1].ask(self.settings.name, params)

    def roots(self) -> list[dict[str, Any]]:
        """Return the folder that it was started for; none where that is not known."""
        if not self._folder:
            return []
        return [{"uri": Path(self._folder).as_uri(), "name": Path(self._folder).name}]

    def tools_changed(self) -> None:
        """Have the tools be listed again."""
        self._stale.set()

    def says(self, params: Mapping[str, Any]) -> None:
        """Log what the server has to say, as important as it says."""
        now = trio.current_time()
        if now - self._said_since >= _LINES_SECONDS:
            self._said_since, self._lines = now, 0
        self._lines += 1
        if self._lines > _MOST_LINES:
            return
        if self._lines == _MOST_LINES:
            _log.warning("MCP server %s says so much that the rest of a minute is left out", self.settings.name)
        level = _LEVELS.get(str(params.get("level")), logging.INFO)
        _log.log(level, "MCP server %s says: %.2000s", self.settings.name, params.get("data"))

    async def _learn_tools(self, seconds: float) -> None:
        listed: list[dict[str, Any]] = []
        if "tools" in self.facts.capabilities:
            listed = await self.session.all_of("tools/list", "tools", seconds=seconds)
        self.tools = learnt_tools(listed)


@asynccontextmanager
async def open_connection(
    settings: McpServerSettings, *, folder: str, means: McpMeans
) -> AsyncGenerator[McpConnection]:
    """Provide a server that is ready. Raises McpFailure with what a user is told when it does not get there in time."""
    connection = McpConnection(settings, folder=folder)
    async with (
        _open_channel(settings, folder=folder, means=means) as channel,
        trio.open_nursery() as nursery,
    ):
        session = McpSession(channel, connection)

        async def read() -> None:
            await session.run()
            connection.gone.set()

        nursery.start_soon(read)
        with trio.move_on_after(settings.startup_seconds) as limit:
            try:
                await connection.start(session)
            except McpGone as gone:
                raise McpGone(f"handshaking with MCP server failed: {gone}") from gone
        if limit.cancelled_caught:
            raise McpTimeout(_too_slow(settings))
        nursery.start_soon(connection.keep_tools_fresh)
        yield connection
        nursery.cancel_scope.cancel()


def _open_channel(
    settings: McpServerSettings, *, folder: str, means: McpMeans
) -> contextlib.AbstractAsyncContextManager[McpChannel]:
    if isinstance(settings.transport, Unusable):
        raise McpGone(settings.transport.problem)
    if isinstance(settings.transport, HttpAddress):
        return open_http(
            settings.name,
            settings.transport,
            transport=means.transport,
            environ=means.environ,
            folder=folder,
            startup_seconds=settings.startup_seconds,
            logins=means.logins,
        )
    if settings.transport.environment != HERE:
        if means.start_elsewhere is None:
            raise McpGone(f"environment `{settings.transport.environment}` is not known here")
        return open_elsewhere(settings.name, settings.transport, start=means.start_elsewhere, environ=means.environ)
    return open_stdio(settings.name, settings.transport, start=means.start, environ=means.environ, folder=folder)


def _too_slow(settings: McpServerSettings) -> str:
    return (
        f"timed out after {settings.startup_seconds:g} seconds. Add or adjust `startup_timeout_sec` in your "
        f"config.toml:\n[mcp_servers.{settings.name}]\nstartup_timeout_sec = XX"
    )

"""The MCP servers of loaded threads: their tools, their questions, and what clients are told of them.

Owns which thread has which servers, answers that hold for a session or for good, and that a client hears of a thread
before it hears of the thread's servers. Does not own servers (`extensions.mcp`), calls (`tools.mcp`) or the wire form
of questions (the clients' port).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import msgspec
import trio

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.settings import EffectiveConfig
from codex_trio.engine.events import ThreadWarning
from codex_trio.extensions.hooks.runner import ToolUnusable
from codex_trio.extensions.mcp.errors import McpError, McpFailure
from codex_trio.extensions.mcp.pool import McpPool
from codex_trio.extensions.mcp.settings import McpServerSettings, configured_servers, startup_grace
from codex_trio.extensions.mcp.thread_servers import StartupStatus, ThreadServers
from codex_trio.extensions.plugin_parts import PluginSource, no_plugins
from codex_trio.threads.clients import ThreadClients
from codex_trio.threads.live import LiveThread
from codex_trio.tools.mcp import mcp_providers
from codex_trio.tools.mcp_questions import McpQuestion
from codex_trio.tools.mcp_resources import McpResourceTools
from codex_trio.tools.registry import ToolProvider
from codex_trio.tools.review import ReviewOutcome
from codex_trio.util.loose_json import table_of, tables_of

_log = logging.getLogger(__name__)

Remember = Callable[[McpServerSettings, str], Awaitable[str | None]]
"""Keeps for good that a tool of a server may be called; returns why it cannot, for the user."""


class ThreadMcp:
    """The servers of one thread; see `ToolSource` and `McpUsers`."""

    def __init__(
        self, live: LiveThread, pool: McpPool, *, folder: str, clients: ThreadClients, remember: Remember
    ) -> None:
        self.servers = ThreadServers(pool, folder=folder, tell=self._tell)
        self.live = live
        self._clients = clients
        self._remember = remember
        self._allowed: set[tuple[str, str]] = set()
        self._held: list[StartupStatus] | None = []
        self._asked = 0

    # --- where tools come from ---

    def providers(self) -> list[ToolProvider]:
        """Return the providers of the tools of all servers that are ready."""
        if not self.servers.names:
            return []
        return [*mcp_providers(self.servers, self, thread_id=self.live.id), McpResourceTools(self.servers)]

    async def settled(self) -> None:
        """Wait a while for servers that are starting."""
        await self.servers.settle()

    async def call_for_hook(self, server: str, tool: str, arguments: Mapping[str, Any]) -> str:
        """Return the text of a tool's result, for a hook of the user's. Raises ToolUnusable."""
        if server not in self.servers.names:
            raise ToolUnusable(f"unknown MCP server '{server}'")
        try:
            ready = await self.servers.started(server)
            if not ready.settings.offers(tool):
                raise ToolUnusable(f"`{tool}` of MCP server '{server}' is disabled")
            with ready.uses.one():
                result = await ready.connection.call(
                    tool,
                    dict(arguments),
                    meta={"threadId": self.live.id},
                    elicit=partial(self.elicit, turn_id=None),
                )
        except McpFailure as failure:
            raise ToolUnusable(f"tool call failed for `{server}/{tool}`: {failure}") from failure
        said = "\n".join(str(part["text"]) for part in tables_of(result.get("content")) if part.get("type") == "text")
        if result.get("isError"):
            raise ToolUnusable(f"MCP tool returned an error: {said}")
        return said

    # --- what users are told and asked ---

    def announce(self) -> None:
        """Tell from now on what servers do: clients have heard of the thread."""
        held, self._held = self._held or [], None
        for status in held:
            self._tell(status)

    def _tell(self, status: StartupStatus) -> None:
        if self._held is not None:
            self._held.append(status)
        else:
            self._clients.tell_mcp_status(self.live.id, status, self.live.subscribers)

    def has_allowed(self, server: str, tool: str) -> bool:
        return (server, tool) in self._allowed

    async def remember(self, server: str, tool: str, outcome: ReviewOutcome) -> None:
        if outcome in (ReviewOutcome.ACCEPTED_FOR_SESSION, ReviewOutcome.ACCEPTED_FOR_GOOD):
            self._allowed.add((server, tool))
        if outcome is ReviewOutcome.ACCEPTED_FOR_GOOD and (problem := await self._keep(server, tool)) is not None:
            self._clients.tell_event(self.live.id, ThreadWarning(message=problem), self.live.subscribers)

    async def _keep(self, server: str, tool: str) -> str | None:
        settings = next((known for known in self.servers.settings if known.name == server), None)
        return None if settings is None else await self._remember(settings, tool)

    async def elicit(self, server: str, params: Mapping[str, Any], *, turn_id: str | None) -> Mapping[str, Any]:
        approver = self.live.approver
        self._asked += 1
        name = f"elicitation-{self._asked}"
        approver.wait_for_person(name)
        try:
            question = _question(server, params, turn_id)
            answer = await self._clients.elicit(self.live.id, question, self.live.subscribers)
        finally:
            approver.release(name)
        if answer.action != "accept":
            return {"action": answer.action}
        return {"action": "accept", "content": {} if answer.content is None else answer.content}


class McpServers:
    """The servers of all loaded threads.

    Args:
        remember: keeps for good that a tool may be called.
        plugins: which plugins a configuration has, that may bring servers.
    """

    def __init__(
        self, pool: McpPool, *, clients: ThreadClients, remember: Remember, plugins: PluginSource = no_plugins
    ) -> None:
        self.pool = pool
        self._plugins = plugins
        self._clients = clients
        self._remember = remember
        self._threads: dict[str, ThreadMcp] = {}

    @contextmanager
    def running(
        self,
        live: LiveThread,
        config: EffectiveConfig,
        servers: Mapping[str, McpServerSettings],
        nursery: trio.Nursery,
    ) -> Generator[ThreadMcp]:
        """Have a thread's servers be started; they run in the thread's nursery, and end with it at the latest."""
        mcp = ThreadMcp(live, self.pool, folder=str(config.cwd), clients=self._clients, remember=self._remember)
        self._threads[live.id] = mcp
        try:
            mcp.servers.begin(servers, nursery, grace_seconds=startup_grace(config.merged))
            yield mcp
        finally:
            if self._threads.get(live.id) is mcp:
                del self._threads[live.id]

    async def of(self, config: EffectiveConfig) -> dict[str, McpServerSettings]:
        """Return the servers that a configuration has, those of its plugins included."""
        return configured_servers(config.merged, await self._plugins(config), required=config.requirements)

    def find(self, thread_id: str) -> ThreadMcp | None:
        """Return what a loaded thread has."""
        return self._threads.get(thread_id)

    def announce(self, thread_id: str) -> None:
        """Tell from now on what a thread's servers do: clients have heard of the thread."""
        mcp = self._threads.get(thread_id)
        if mcp is not None:
            mcp.announce()

    async def required_failures(self, thread_id: str) -> list[str]:
        """Return why servers failed without which a thread must not run; waits for those."""
        mcp = self._threads.get(thread_id)
        return [] if mcp is None else await mcp.servers.required_failures()

    async def logged_in(self, name: str) -> None:
        """Start a server anew in every thread where it failed: a user has logged in to it."""
        for mcp in list(self._threads.values()):
            await mcp.servers.try_again(name)

    async def reload(self, load: Callable[[LiveThread], Awaitable[EffectiveConfig]]) -> list[str]:
        """Exchange the servers of every thread for those of its configuration as it is now; return what failed."""
        failures: list[str] = []
        for mcp in list(self._threads.values()):
            try:
                config = await load(mcp.live)
            except ConfigLoadError as error:
                failures.append(str(error))
                continue
            await mcp.servers.exchange(await self.of(config), grace_seconds=startup_grace(config.merged))
        return failures

    async def end_forgotten(self, load: Callable[[str], Awaitable[EffectiveConfig]]) -> None:
        """End the servers that nobody uses and that the configuration of their folder does not have any more.

        Where a configuration cannot be read they end when nobody has used them for a while.
        """
        for folder, unused in self.pool.unused.items():
            try:
                servers = await self.of(await load(folder))
            except ConfigLoadError as error:
                _log.info("which servers of %s are still wanted cannot be known: %s", folder, error)
                continue
            wanted = [settings for settings in servers.values() if settings.enabled]
            self.pool.dismiss(unused, unless=wanted, folder=folder)


_INVALID_PARAMS = -32602
_PAGE = re.compile(r"https?://[^\s/?#\x00-\x1f\x7f][^\s\x00-\x1f\x7f]*", re.IGNORECASE)


def _page(url: object) -> str:
    """Return an address that a user may be sent to: no script, no file, no other program. Raises McpError."""
    if not isinstance(url, str) or not _PAGE.fullmatch(url):
        raise McpError(_INVALID_PARAMS, "url must be the http or https address of a page; the user was not asked")
    return url


def _question(server: str, params: Mapping[str, Any], turn_id: str | None) -> McpQuestion:
    message = params.get("message")
    asked = McpQuestion(
        turn_id=turn_id, server=server, message=message if isinstance(message, str) else "", meta=params.get("_meta")
    )
    if params.get("mode") == "url":
        return msgspec.structs.replace(
            asked, url=_page(params.get("url")), elicitation_id=str(params.get("elicitationId", ""))
        )
    given = table_of(params.get("requestedSchema"))
    # Clients know these keys; what generators add besides, like a title, says nothing of the form.
    known = {key: given[key] for key in ("$schema", "type", "properties", "required") if key in given}
    return msgspec.structs.replace(asked, schema={"type": "object", "properties": {}, **known})

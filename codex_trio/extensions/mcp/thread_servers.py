"""The servers that one thread has: which are ready, and what is told of their starting.

Owns: starting them when the thread begins, waiting for them a while before a turn, and exchanging them when the
configuration changes. Does not own: processes and sessions (`pool`), the tools that come of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Literal

import msgspec
import trio

from codex_trio.extensions.mcp.connection import McpConnection
from codex_trio.extensions.mcp.errors import McpFailure, McpGone, McpLoginNeeded, McpRequestFailed, McpTimeout
from codex_trio.extensions.mcp.pool import McpPool
from codex_trio.extensions.mcp.settings import GRACE_SECONDS, McpServerSettings


class StartupStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How far a server is. Protocol source: `mcpServer/startupStatus/updated`."""

    name: str
    status: Literal["starting", "ready", "failed", "cancelled"]
    plugin_id: str | None = None
    """The plugin that brings the server."""
    environment_id: str | None = None
    error: str | None = None
    login_expired: bool = False
    """Whether it failed since a login that there was does not count any more."""


class ServerUses:
    """What a thread is doing with one of its servers."""

    def __init__(self) -> None:
        self._ongoing: set[trio.CancelScope] = set()
        self._is_over = False

    @contextmanager
    def one(self) -> Generator[None]:
        """Have what is done inside end with the server's part in the thread. Raises McpGone when it does."""
        with trio.CancelScope() as scope:
            if self._is_over:
                scope.cancel()
            self._ongoing.add(scope)
            try:
                yield
            finally:
                self._ongoing.discard(scope)
        if scope.cancelled_caught:
            raise McpGone("the server was removed from this thread, or switched off, meanwhile")

    def end(self) -> None:
        """End all of them, and whatever comes later."""
        self._is_over = True
        for scope in self._ongoing:
            scope.cancel()


class ReadyServer(msgspec.Struct, frozen=True, kw_only=True):
    """A server that a thread can use, with the thread's own settings; whatever waits for it is one of `uses`."""

    settings: McpServerSettings
    connection: McpConnection
    uses: ServerUses


class _Entry:
    """A server of the thread."""

    def __init__(self, settings: McpServerSettings, uses: ServerUses) -> None:
        self.settings = settings
        self.uses = uses
        self.scope = trio.CancelScope()
        self.settled = trio.Event()
        self.ended = trio.Event()
        self.connection: McpConnection | None = None
        self.failure: McpFailure | None = None


class ThreadServers:
    """See the module.

    Args:
        folder: where processes run unless their settings say otherwise.
        tell: called with every status.
    """

    def __init__(self, pool: McpPool, *, folder: str, tell: Callable[[StartupStatus], None]) -> None:
        self._pool = pool
        self._folder = folder
        self._tell = tell
        self._entries: dict[str, _Entry] = {}
        self._uses: dict[str, ServerUses] = {}
        """By the names of servers: what goes on with a server's old settings is over too when it is removed."""
        self._nursery: trio.Nursery | None = None
        self._grace_seconds = GRACE_SECONDS

    def begin(
        self, servers: Mapping[str, McpServerSettings], nursery: trio.Nursery, *, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        """Start the servers that are enabled, in the thread's nursery; wait for none.

        `grace_seconds` is how long a turn waits for those that are still starting.
        """
        self._nursery = nursery
        self._grace_seconds = grace_seconds
        for settings in servers.values():
            self._add(settings)

    async def exchange(self, servers: Mapping[str, McpServerSettings], *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Have other servers from now on: those with the same settings go on."""
        self._grace_seconds = grace_seconds
        dropped: list[McpServerSettings] = []
        for name, entry in list(self._entries.items()):
            now = servers.get(name)
            if (now is None or not now.enabled) and self._entries.get(name) is entry:
                # Nobody wants it to do more, such as after its plugin was uninstalled.
                self._uses.pop(name, None)
                entry.uses.end()
            if now != entry.settings:
                dropped.append(entry.settings)
                await self._remove(entry)
        for name, settings in servers.items():
            if name not in self._entries:
                self._add(settings)
        self._pool.dismiss(dropped, unless=self.settings, folder=self._folder)

    async def settle(self) -> None:
        """Wait a while until every server is ready or has failed; those that ended meanwhile are started anew."""
        for entry in list(self._entries.values()):
            await self._start_anew_if_ended(entry)
        with trio.move_on_after(self._grace_seconds):
            for entry in list(self._entries.values()):
                await entry.settled.wait()

    async def try_again(self, name: str) -> None:
        """Start a server anew that failed; any other goes on."""
        entry = self._entries.get(name)
        if entry is not None and entry.failure is not None and await self._remove(entry):
            self._add(entry.settings)

    async def started(self, name: str) -> ReadyServer:
        """Return a server of the thread as soon as it is ready; one that ended is started anew. Raises McpFailure."""
        entry = self._entries.get(name)
        if entry is not None:
            await self._start_anew_if_ended(entry)
        # Waiting may have exchanged it.
        entry = self._entries.get(name)
        if entry is not None:
            await entry.settled.wait()
        ready = self.find(name)
        if ready is None:
            raise self.failure_of(name) or McpGone("it was stopped")
        return ready

    async def required_failures(self) -> list[str]:
        """Wait for the servers without which the thread must not run, and return why some of them failed."""
        failures: list[str] = []
        for entry in self._entries.values():
            if entry.settings.required:
                await entry.settled.wait()
                if entry.failure is not None:
                    failures.append(f"{entry.settings.name}: {_words(entry.settings.name, entry.failure)}")
        return failures

    @property
    def ready(self) -> Sequence[ReadyServer]:
        """The servers that can be used."""
        return [
            ReadyServer(settings=entry.settings, connection=entry.connection, uses=entry.uses)
            for entry in self._entries.values()
            if entry.connection is not None and not entry.connection.gone.is_set()
        ]

    def find(self, name: str) -> ReadyServer | None:
        """Return a server that can be used; None when there is none of that name."""
        return next((server for server in self.ready if server.settings.name == name), None)

    @property
    def names(self) -> Sequence[str]:
        """The servers of the thread, ready or not."""
        return list(self._entries)

    def failure_of(self, name: str) -> McpFailure | None:
        """Return why a server failed; None for one that did not."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        if entry.failure is None and entry.connection is not None and entry.connection.gone.is_set():
            return McpRequestFailed("it ended; it is started anew when it is needed")
        return entry.failure

    @property
    def settings(self) -> Sequence[McpServerSettings]:
        """The settings of the servers, ready or not."""
        return [entry.settings for entry in self._entries.values()]

    def _add(self, settings: McpServerSettings) -> None:
        if not settings.enabled:
            return
        assert self._nursery is not None
        uses = self._uses.setdefault(settings.name, ServerUses())
        entry = self._entries[settings.name] = _Entry(settings, uses)
        self._nursery.start_soon(self._keep, entry)

    async def _start_anew_if_ended(self, entry: _Entry) -> None:
        if entry.connection is not None and entry.connection.gone.is_set() and await self._remove(entry):
            self._add(entry.settings)

    async def _remove(self, entry: _Entry) -> bool:
        """End a server's part in the thread; whether it was not another one's doing already."""
        name = entry.settings.name
        is_first = self._entries.get(name) is entry
        if is_first:
            del self._entries[name]
        entry.scope.cancel()
        await entry.ended.wait()
        return is_first and name not in self._entries

    async def _keep(self, entry: _Entry) -> None:
        """Use a server until the thread ends, or has it no more."""
        name = entry.settings.name
        told = partial(
            StartupStatus, name=name, plugin_id=entry.settings.plugin_id, environment_id=entry.settings.environment_id
        )
        self._tell(told(status="starting"))
        try:
            with entry.scope:
                async with self._pool.use(entry.settings, folder=self._folder) as connection:
                    entry.connection = connection
                    entry.settled.set()
                    self._tell(told(status="ready"))
                    await trio.sleep_forever()
        except McpFailure as failure:
            entry.failure = failure
            expired = isinstance(failure, McpLoginNeeded) and failure.again
            words = _words(name, failure)
            self._tell(told(status="failed", error=words, login_expired=expired))
        finally:
            if not entry.settled.is_set() and entry.failure is None:
                self._tell(told(status="cancelled"))
            entry.settled.set()
            entry.ended.set()


def _words(name: str, failure: McpFailure) -> str:
    """Return why a server failed as clients are told (0.171.0)."""
    if isinstance(failure, McpLoginNeeded):
        return str(failure)
    if isinstance(failure, McpTimeout):
        return f"MCP client for `{name}` {failure}"
    return f"MCP client for `{name}` failed to start: MCP startup failed: {failure}"

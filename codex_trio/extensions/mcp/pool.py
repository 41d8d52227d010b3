"""The servers that run, each once for all who can share it.

Owns: which users share a server, and that one that nobody uses ends after a while. Does not own: one server
(`connection`), or which servers a thread has (`thread_servers`). A service: `run` it once; all end with it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import msgspec
import trio

from codex_trio.extensions.mcp.connection import McpConnection, McpMeans, open_connection
from codex_trio.extensions.mcp.errors import McpFailure, McpGone
from codex_trio.extensions.mcp.settings import HERE, HttpAddress, McpServerSettings, StdioCommand

_log = logging.getLogger(__name__)

IDLE_SECONDS = 60.0
"""The next thread of the same folder may want it."""


class _Running:
    """A server that was asked for: starting, ready, failed or gone."""

    def __init__(self, settings: McpServerSettings, folder: str) -> None:
        self.settings = settings
        self.folder = folder
        """The one of the user that it was started for."""
        self.users = 1
        # One that nobody shares ends with its only user.
        self.is_kept = settings.shared
        """Whether it stays a while when nobody uses it."""
        self.used_or_not = trio.Event()
        """Set and replaced whenever one of these changes."""
        self.settled = trio.Event()
        self.connection: McpConnection | None = None
        self.failure: McpFailure | None = None

    def count(self, change: int) -> None:
        self.users += change
        changed, self.used_or_not = self.used_or_not, trio.Event()
        changed.set()


class McpPool:
    """See the module. `idle_seconds` is how long a server that nobody uses is kept."""

    def __init__(self, means: McpMeans, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._means = means
        self._idle_seconds = idle_seconds
        self._running: dict[bytes, _Running] = {}
        self._private = 0
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run servers until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            await trio.sleep_forever()

    @asynccontextmanager
    async def use(self, settings: McpServerSettings, *, folder: str) -> AsyncGenerator[McpConnection]:
        """Provide a server that is ready, started unless one runs already. Raises McpFailure when it cannot be."""
        assert self._nursery is not None
        place = _folder_of(settings, folder)
        key = self._key(settings, place)
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = _Running(settings, folder)
            self._nursery.start_soon(self._host, key, running, settings, place)
        else:
            running.is_kept = settings.shared
            running.count(1)
        try:
            await running.settled.wait()
            if running.failure is not None:
                raise running.failure
            assert running.connection is not None
            yield running.connection
        finally:
            running.count(-1)

    @property
    def unused(self) -> Mapping[str, Sequence[McpServerSettings]]:
        """The servers that run though nobody uses them now, by the folders that they were started for."""
        found: dict[str, list[McpServerSettings]] = {}
        for running in self._running.values():
            if not running.users and running.is_kept:
                found.setdefault(running.folder, []).append(running.settings)
        return found

    def dismiss(
        self, gone: Iterable[McpServerSettings], *, unless: Iterable[McpServerSettings] = (), folder: str
    ) -> None:
        """End servers as soon as nobody uses them, unless they are also these: nobody else is expected."""
        still = {self._shared_key(settings, _folder_of(settings, folder)) for settings in unless}
        for settings in gone:
            key = self._shared_key(settings, _folder_of(settings, folder))
            running = self._running.get(key)
            if running is not None and key not in still:
                running.is_kept = False
                running.count(0)

    def _key(self, settings: McpServerSettings, folder: str) -> bytes:
        if not settings.shared:
            self._private += 1
            return b"%d" % self._private
        return self._shared_key(settings, folder)

    @staticmethod
    def _shared_key(settings: McpServerSettings, folder: str) -> bytes:
        # An address is the same from everywhere.
        place = "" if isinstance(settings.transport, HttpAddress) else folder
        transport = msgspec.json.encode(settings.transport)
        return msgspec.json.encode([settings.name, type(settings.transport).__name__, place]) + transport

    async def _host(self, key: bytes, running: _Running, settings: McpServerSettings, folder: str) -> None:
        try:
            async with open_connection(settings, folder=folder, means=self._means) as connection:
                running.connection = connection
                running.settled.set()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._forget_when_gone, key, running, connection, nursery.cancel_scope)
                    await _until_unused(running, idle_seconds=self._idle_seconds)
                    nursery.cancel_scope.cancel()
        except McpFailure as failure:
            running.failure = failure
        except Exception as error:
            running.failure = _failure_in(error)
            if running.failure is None:
                _log.exception("MCP server %s broke", settings.name)
        finally:
            if self._running.get(key) is running:
                del self._running[key]
            if running.connection is not None:
                running.connection.gone.set()
            running.failure = running.failure or McpGone("it broke or was stopped")
            running.settled.set()

    async def _forget_when_gone(
        self, key: bytes, running: _Running, connection: McpConnection, hosting: trio.CancelScope
    ) -> None:
        await connection.gone.wait()
        # Whoever comes now gets another one.
        if self._running.get(key) is running:
            del self._running[key]
        hosting.cancel()


def _folder_of(settings: McpServerSettings, folder: str) -> str:
    """Return where a server works: on another machine there need be no such folder as a thread has."""
    transport = settings.transport
    if isinstance(transport, StdioCommand) and transport.environment != HERE:
        return transport.cwd or ""
    return folder


async def _until_unused(running: _Running, *, idle_seconds: float) -> None:
    """Wait until nobody has used a server for so many seconds; not as long for one that is not kept."""
    while True:
        changed = running.used_or_not
        if running.users:
            await changed.wait()
            continue
        with trio.move_on_after(idle_seconds if running.is_kept else 0) as waiting:
            await changed.wait()
        if waiting.cancelled_caught and not running.users:
            return


def _failure_in(error: BaseException) -> McpFailure | None:
    """Return the failure that an exception, or one in a group, stands for; None for what is none."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return next((found for part in group.exceptions if (found := _failure_in(part)) is not None), None)
    return error if isinstance(error, McpFailure) else None

"""The front: what a client needs for its first answer, the connections, and the order in which all ends.

Nursery tree: app > core, and app > connection > requests. A connection's end ends its requests, never a turn; the app's
end ends the connections first, so that nothing untrue is told to clients. All that is not front is in `core.py`, which
is imported and built when the first client was answered; requests wait for that.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import trio
from codex_trio_protocol.table import CLIENT_REQUESTS, SERVER_REQUESTS

from codex_trio.analytics.sink import FactSink, NoAnalytics
from codex_trio.config.errors import StartupRefused
from codex_trio.config.service import ConfigService
from codex_trio.config.sources import SYSTEM_DIR, OrganizationSettings
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.identity.installation import read_or_create
from codex_trio.identity.user_agent import Identity
from codex_trio.processors.errors import translate
from codex_trio.processors.initialize import InitializeProcessor, Introduction
from codex_trio.rpc.connection import Connection
from codex_trio.rpc.context import ConnectionHandle, Handler
from codex_trio.rpc.dispatcher import Dispatcher
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.rpc.scheduler import RequestScheduler
from codex_trio.server.deferred import Deferred
from codex_trio.server.idle import Idle
from codex_trio.server.late import late_handlers
from codex_trio.server.parts import CoreParts
from codex_trio.transport.base import MessageTransport
from codex_trio.util.close_reason import CloseReason
from codex_trio.util.importing import without_collections

if TYPE_CHECKING:
    from codex_trio.config.thread_config import ThreadConfigLoader
    from codex_trio.environments.providers import EnvironmentProvider

SHUTTING_DOWN = CloseReason(1001, "the server is shutting down")
"""Going away, says RFC 6455: clients reconnect later or elsewhere."""

_ENVIRONMENTS_FILE = "environments.toml"
_EXEC_SERVER_VARIABLE = "CODEX_EXEC_SERVER_URL"


class AppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a server is started with. `source` is what its threads say they come from."""

    codex_home: Path
    environ: Mapping[str, str]
    cwd: Path
    overrides: tuple[tuple[str, Any], ...] = ()
    strict_config: bool = False
    profile: str | None = None
    """The name of a file `NAME.config.toml` in `codex_home`, on top of the user's own."""
    thread_config: ThreadConfigLoader | None = None
    """What says, beside all files, what counts for a thread; by default the service that the configuration names."""
    without_user_config: bool = False
    without_rules: bool = False
    system_dir: Path = SYSTEM_DIR
    """Where the machine's administrator sets what holds for all: `config.toml`, `managed_config.toml` and
    `requirements.toml`."""
    packaged_config: Path | None = None
    """Defaults that came with the program."""
    organizations: tuple[OrganizationSettings, ...] = ()
    """Settings and requirements that came by another way than files of the machine."""
    source: str = "vscode"
    startup_tasks: bool = True
    """Whether the server does things by itself after it began, such as asking for newer models."""
    own_sockets: tuple[Path, ...] = ()
    """Where in the file system clients reach this server: absolute, and out of the reach of commands."""


class App:
    """A running server without listeners; made by `open_app`."""

    def __init__(self, parts: CoreParts, facts: FactSink) -> None:
        self._parts = parts
        self._core: Deferred[Mapping[str, Handler]] = Deferred(partial(_open_core, parts))
        self._nursery: trio.Nursery | None = None
        self._connections: set[Connection] = set()
        self._is_dismissing = False
        self._all_gone = trio.Event()
        introduction = Introduction(
            codex_home=parts.codex_home,
            installation_id=parts.installation_id,
            identity=parts.identity,
            config=parts.config,
            outgoing=parts.outgoing,
            warnings=parts.warnings,
            greeted=self._prepare,
        )
        handlers = late_handlers(CLIENT_REQUESTS, self._core)
        handlers["initialize"] = InitializeProcessor(introduction).initialize
        self._dispatcher = Dispatcher(
            CLIENT_REQUESTS, handlers, translate_error=translate, facts=facts, scheduler=parts.scheduler
        )

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Run all that is behind the front, from when it is first wanted, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            await self._core.run()

    def _prepare(self, client: ConnectionHandle) -> None:
        assert self._nursery is not None
        self._nursery.start_soon(self._prepare_for, client)

    async def _prepare_for(self, client: ConnectionHandle) -> None:
        # Importing holds the loop for a while: the answer to `initialize` goes first.
        await client.outbox.written()
        self._core.want()

    async def serve(self, transport: MessageTransport, *, remote: bool) -> None:
        """Serve one client until it is gone, or the server ends."""
        if self._is_dismissing:
            await transport.aclose(SHUTTING_DOWN)
            return
        connection = Connection(
            transport,
            dispatcher=self._dispatcher,
            outgoing=self._parts.outgoing,
            remote=remote,
            activity=self._parts.idle,
        )
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            self._note_if_all_gone()

    @property
    def running_turns(self) -> int:
        """How many turns run."""
        return self._parts.gate.running

    async def quiet(self, seconds: float) -> None:
        """Return once clients have asked for nothing for so many seconds."""
        await self._parts.idle.quiet(seconds)

    async def drain(self) -> None:
        """End what clients see, in order, without breaking into anything.

        New turns are refused; those that run are waited for, however long they take, while everything else is served
        on. Then every client gets the answers that it waits for, is told why the connection ends, and is let go. May
        be cancelled, to be followed by `dismiss`.
        """
        self._parts.gate.close()
        await self._parts.gate.quiet()
        self._dismiss_all(at_once=False)
        await self._all_gone.wait()

    async def dismiss(self) -> None:
        """Let all clients go without answers, but told why. Turns still run when it returns."""
        self._parts.gate.close()
        self._dismiss_all(at_once=True)
        await self._all_gone.wait()

    def _dismiss_all(self, *, at_once: bool) -> None:
        self._is_dismissing = True
        for connection in list(self._connections):
            connection.close(SHUTTING_DOWN, at_once=at_once)
        self._note_if_all_gone()

    def _note_if_all_gone(self) -> None:
        if self._is_dismissing and not self._connections:
            self._all_gone.set()


@asynccontextmanager
async def open_app(settings: AppSettings, *, facts: FactSink | None = None) -> AsyncGenerator[App]:
    """Provide a server, ready to serve connections. At the end turns are interrupted, and what they run is killed.

    Args:
        settings: what it is started with.
        facts: gets what is counted of requests; by default nothing is counted.

    Raises StartupRefused for a configuration that it must not start with, and for a home that cannot be used.
    """
    config = ConfigService(
        settings.codex_home,
        environ=settings.environ,
        cli_overrides=settings.overrides,
        profile=settings.profile,
        thread_config=settings.thread_config,
        system_dir=settings.system_dir,
        packaged=settings.packaged_config,
        organizations=settings.organizations,
        cwd=settings.cwd,
        strict=settings.strict_config,
        without_user_config=settings.without_user_config,
        without_rules=settings.without_rules,
    )
    await config.start()
    try:
        installation_id = await trio.to_thread.run_sync(read_or_create, settings.codex_home)
    except OSError as error:
        raise StartupRefused(f"cannot use {error.filename or settings.codex_home}: {error.strerror}") from error
    facts = facts or NoAnalytics()
    parts = CoreParts(
        codex_home=settings.codex_home,
        environ=settings.environ,
        source=settings.source,
        installation_id=installation_id,
        identity=Identity(settings.environ),
        config=config,
        outgoing=OutgoingMessages(SERVER_REQUESTS, facts=facts),
        gate=TurnGate(),
        idle=Idle(),
        scheduler=RequestScheduler(),
        warnings=[],
        environments=_environments(settings),
        own_sockets=settings.own_sockets,
        startup_tasks=settings.startup_tasks,
    )
    app = App(parts, facts)
    async with trio.open_nursery() as nursery:
        await nursery.start(app.run)
        yield app
        nursery.cancel_scope.cancel()


def _environments(settings: AppSettings) -> EnvironmentProvider | None:
    """Return what says which environments there are; None where nothing does. Raises StartupRefused."""
    path, url = settings.codex_home / _ENVIRONMENTS_FILE, settings.environ.get(_EXEC_SERVER_VARIABLE, "")
    if not url.strip() and not os.path.lexists(path):
        return None
    from codex_trio.environments.providers import find_provider

    return find_provider(path, url)


def _open_core(parts: CoreParts) -> AbstractAsyncContextManager[Mapping[str, Handler]]:
    # Imported when the first client was answered: this is most of the package.
    with without_collections():
        from codex_trio.server.core import open_core

    return open_core(parts)

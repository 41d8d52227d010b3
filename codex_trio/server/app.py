"""The composition root: builds every service once, opens the nursery tree, and owns the order of shutdown.

Nursery tree: app > thread manager > thread > turn, and app > connection > requests. A connection's end ends its
requests, never a turn; the app's end ends the connections first, so that nothing untrue is told to clients.
"""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
import trio
from codex_trio_protocol.table import CLIENT_REQUESTS, SERVER_REQUESTS

from codex_trio.analytics.sink import FactSink, NoAnalytics
from codex_trio.config.service import ConfigService
from codex_trio.engine.turn_gate import TurnGate
from codex_trio.identity.auth_store import AuthStore
from codex_trio.identity.installation import read_or_create
from codex_trio.identity.user_agent import Identity
from codex_trio.processors.errors import translate
from codex_trio.processors.registry import SOON, Processors
from codex_trio.processors.services import Services
from codex_trio.rpc.connection import Connection
from codex_trio.rpc.dispatcher import Dispatcher
from codex_trio.rpc.external_auth import ClientManagedTokens
from codex_trio.rpc.outgoing import OutgoingMessages
from codex_trio.transport.base import CloseReason, MessageTransport
from codex_trio.util.on_first_use import OnFirstUse, held_weakly

if TYPE_CHECKING:
    from codex_trio.model.catalog import ModelCatalog
    from codex_trio.model.http import HttpTransport
    from codex_trio.sandbox.roots import GuardedPaths
    from codex_trio.state.db.connection import StateDb
    from codex_trio.state.store.storage import ThreadStorage
    from codex_trio.threads.runtime import ThreadRuntime

QUIET_SECONDS = 0.1
"""How long clients have asked for nothing when there is time for what they may ask for next."""

FAREWELL = CloseReason(1001, "the server is shutting down")
"""Going away, says RFC 6455: clients reconnect later or elsewhere."""

_log = logging.getLogger(__name__)


class AppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a server is started with. `source` is what its threads say they come from."""

    codex_home: Path
    environ: Mapping[str, str]
    cwd: Path
    overrides: tuple[tuple[str, Any], ...] = ()
    strict_config: bool = False
    source: str = "vscode"
    own_sockets: tuple[Path, ...] = ()
    """Where in the file system clients reach this server: absolute, and out of the reach of commands."""


class App:
    """A running server without listeners; made by `open_app`."""

    def __init__(self, settings: AppSettings, stack: AsyncExitStack, facts: FactSink) -> None:
        self._settings = settings
        self._stack = stack
        self._nursery: trio.Nursery | None = None
        self._threads: OnFirstUse[ThreadRuntime] = OnFirstUse(held_weakly(self._build_runtime))
        self._gate = TurnGate()
        self._connections: set[Connection] = set()
        self._says_farewell = False
        self._all_gone = trio.Event()
        self._warnings: list[str] = []
        self._identity = Identity(settings.environ)
        self._config = ConfigService(
            settings.codex_home,
            environ=settings.environ,
            cli_overrides=settings.overrides,
            cwd=settings.cwd,
            strict=settings.strict_config,
        )
        self._outgoing = OutgoingMessages(SERVER_REQUESTS, facts=facts)
        default = self._config.startup_default()
        self._auth = AuthStore(
            settings.codex_home,
            kind=default.cli_auth_credentials_store,
            forced_login_method=default.forced_login_method,
            external=ClientManagedTokens(self._outgoing),
        )
        self._installation_id = read_or_create(settings.codex_home)
        self._catalog = cache(_load_catalog)
        services = Services(
            codex_home=settings.codex_home,
            source=settings.source,
            installation_id=self._installation_id,
            identity=self._identity,
            config=self._config,
            outgoing=self._outgoing,
            auth=self._auth,
            gate=self._gate,
            catalog=self._catalog,
            threads=self._threads,
            prepare=held_weakly(self._begin_to_prepare),
            warnings=self._warnings,
        )
        self._processors = Processors(services)
        self._dispatcher = Dispatcher(
            CLIENT_REQUESTS, self._processors.handlers(), translate_error=translate, facts=facts
        )

    def run_in(self, nursery: trio.Nursery) -> None:
        """Gives the app the nursery that its services live in."""
        self._nursery = nursery

    async def serve(self, transport: MessageTransport, *, remote: bool) -> None:
        """Serves one client until it is gone, or the server ends."""
        if self._says_farewell:
            await transport.aclose(FAREWELL)
            return
        connection = Connection(transport, dispatcher=self._dispatcher, outgoing=self._outgoing, remote=remote)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            self._look_for_the_last()

    @property
    def running_turns(self) -> int:
        """How many turns run."""
        return self._gate.running

    async def drain(self) -> None:
        """Ends what clients see, in order, without breaking into anything.

        New turns are refused; those that run are waited for, however long they take, while everything else is served
        on. Then every client gets the answers that it waits for, is told why the connection ends, and is let go. May
        be cancelled, to be followed by `dismiss`.
        """
        self._gate.close()
        await self._gate.quiet()
        self._say_farewell(at_once=False)
        await self._all_gone.wait()

    async def dismiss(self) -> None:
        """Lets all clients go without answers, but told why. Turns still run when it returns."""
        self._gate.close()
        self._say_farewell(at_once=True)
        await self._all_gone.wait()

    def _say_farewell(self, *, at_once: bool) -> None:
        self._says_farewell = True
        for connection in list(self._connections):
            connection.close(FAREWELL, at_once=at_once)
        self._look_for_the_last()

    def _look_for_the_last(self) -> None:
        if self._says_farewell and not self._connections:
            self._all_gone.set()

    async def _build_runtime(self) -> ThreadRuntime:
        """The thread layer, running; the first call imports it."""
        from codex_trio.execution.spawner import open_process_spawner
        from codex_trio.threads.runtime import RuntimeParts, build_runtime

        assert self._nursery is not None
        environ = self._settings.environ
        storage = await self._open_storage()
        runtime = build_runtime(
            RuntimeParts(
                codex_home=self._settings.codex_home,
                storage=storage,
                environ=environ,
                config=self._config,
                auth=self._auth,
                identity=self._identity,
                installation_id=self._installation_id,
                catalog=self._catalog(),
                outgoing=self._outgoing,
                spawner=await self._stack.enter_async_context(open_process_spawner()),
                transport=await self._nursery.start(_run_transport, environ),
                gate=self._gate,
                guarded=self._guarded_paths(),
            )
        )
        await self._nursery.start(runtime.manager.run)
        self._nursery.start_soon(storage.run)
        return runtime

    def _guarded_paths(self) -> GuardedPaths:
        from codex_trio.server.guarded import guarded_paths
        from codex_trio.state.db.initializer import state_db_path

        return guarded_paths(
            self._settings.codex_home,
            database=state_db_path(self._config.startup_default().sqlite_home),
            sockets=self._settings.own_sockets,
        )

    def _asked_at(self) -> float:
        """When a client last asked for something, or waited for it, by trio's clock."""
        return max((connection.asked_at for connection in self._connections), default=-math.inf)

    async def _quiet(self) -> None:
        """Waits until no client has asked for anything for a moment."""
        # What is waited for is that nothing happens: no event tells that.
        while (left := self._asked_at() + QUIET_SECONDS - trio.current_time()) > 0:  # noqa: ASYNC110
            await trio.sleep(left)

    @property
    def _keeps_nothing(self) -> bool:
        store = self._config.startup_default().merged.get("experimental_thread_store")
        return isinstance(store, Mapping) and cast("Mapping[str, Any]", store).get("type") == "in_memory"

    async def _open_storage(self) -> ThreadStorage:
        if self._keeps_nothing:
            from codex_trio.state.memory.storage import memory_storage

            return memory_storage()
        from codex_trio.state.local.storage import local_storage

        database = await self._open_database()
        return local_storage(self._settings.codex_home, database, asked_at=held_weakly(self._asked_at))

    async def _open_database(self) -> StateDb:
        from codex_trio.state.db.initializer import keep_sound, state_database, state_db_path

        assert self._nursery is not None
        path = state_db_path(self._config.startup_default().sqlite_home)
        database = await self._stack.enter_async_context(state_database(path, warn=self._warn))
        self._nursery.start_soon(partial(keep_sound, database, warn=self._warn))
        return database

    def _warn(self, message: str) -> None:
        """Tells every client of what concerns no thread, those that are still to come included."""
        from codex_trio_protocol.v2.notice import WarningNotification

        self._warnings.append(message)
        self._outgoing.notify("warning", WarningNotification(message=message))

    def _begin_to_prepare(self) -> None:
        assert self._nursery is not None
        self._nursery.start_soon(self._prepare)

    async def _prepare(self) -> None:
        """Loads what the next requests of most clients need, behind the first reply."""
        try:
            runtime = await self._threads()
            for method in SOON:
                await self._quiet()
                self._processors.load(method)
            await self._quiet()
            await runtime.warm()
        except Exception:
            # The request that needs it will meet the same problem, and can be answered with it.
            _log.exception("preparing for the first thread failed")


@asynccontextmanager
async def open_app(settings: AppSettings, *, facts: FactSink | None = None) -> AsyncGenerator[App]:
    """A server, ready to serve connections. At the end turns are interrupted, and what they run is killed.

    Args:
        settings: what it is started with.
        facts: gets what is counted of requests; by default nothing is counted.

    Raises StartupRefused for a configuration that it must not start with, OSError for an unusable home.
    """
    async with AsyncExitStack() as stack:
        app = App(settings, stack, facts or NoAnalytics())
        async with trio.open_nursery() as nursery:
            app.run_in(nursery)
            yield app
            nursery.cancel_scope.cancel()


async def _run_transport(environ: Mapping[str, str], *, task_status: trio.TaskStatus[HttpTransport]) -> None:
    """The HTTP connections to model providers, as a service."""
    from codex_trio.model.http import open_transport

    async with open_transport(environ) as transport:
        task_status.started(transport)
        await trio.sleep_forever()


def _load_catalog() -> ModelCatalog:
    from codex_trio.model.catalog import bundled_catalog

    return bundled_catalog()

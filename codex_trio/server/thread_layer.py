"""What loads and runs threads, with the services that only it uses: built when a request needs it, or none is made.

Owns that threads end before what they are run with. Does not own stored threads, which lists and reads need without any
of this (`core.py`). Imported late: it brings the engine, the tools, the sandbox and the model client.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import TYPE_CHECKING

import trio

from codex_trio.environments.environment import Environment
from codex_trio.environments.local.client_processes import ClientProcesses
from codex_trio.environments.local.environment import LocalEnvironment, find_local_parts
from codex_trio.environments.manager import EnvironmentManager
from codex_trio.environments.news import ConnectionNews
from codex_trio.environments.targets import RemoteTarget, WebsocketTarget
from codex_trio.execution.bounds import bounds_of
from codex_trio.execution.scripts.process import start_script_process
from codex_trio.execution.spawner import open_process_spawner
from codex_trio.extensions.plugins.changes import PluginChanges, plugin_changes
from codex_trio.extensions.plugins.products import product_of
from codex_trio.identity.keys import resolve_request_auth
from codex_trio.model.auth_command import AuthCommands
from codex_trio.model.catalog_refresh import CatalogRefresh
from codex_trio.model.http import HttpTransport, open_transport
from codex_trio.network.proxies import open_command_proxies
from codex_trio.processors.services import Services, WorkServices
from codex_trio.processors.work import work_handlers
from codex_trio.rpc.context import Handler
from codex_trio.server.guarded import guarded_paths
from codex_trio.server.parts import CoreParts
from codex_trio.server.startup_tasks import StartupTask, run_startup_tasks
from codex_trio.state.db.initializer import state_db_path
from codex_trio.state.store.storage import ThreadStorage
from codex_trio.threads.mcp_requests import McpRequests
from codex_trio.threads.runtime import RuntimeParts, ThreadRuntime, build_runtime
from codex_trio.util.loose_json import table_of
from codex_trio.wire.clients import ProtocolClients

if TYPE_CHECKING:
    from codex_trio.migration.service import Migration


@asynccontextmanager
async def open_thread_layer(
    parts: CoreParts, services: Services, storage: ThreadStorage, refresh: CatalogRefresh | None
) -> AsyncGenerator[Mapping[str, Handler]]:
    """Run it until the block ends; the handlers of the methods that need it.

    At the end turns are interrupted, and what they run is killed.
    """
    startup = parts.config.startup_default()
    async with (
        open_process_spawner(bounds=bounds_of(startup.merged)) as spawner,
        open_transport(parts.environ) as transport,
        open_command_proxies() as proxies,
        # Closed behind the threads: what they have running elsewhere is ended over these connections.
        trio.open_nursery() as connections,
        trio.open_nursery() as imports,
    ):
        database = state_db_path(startup.sqlite_home)
        local = find_local_parts(
            parts.environ,
            spawner=spawner,
            writes=parts.config.writes,
            guarded=guarded_paths(parts.codex_home, database=database, sockets=parts.own_sockets),
            probe=services.sandbox,
            cwd=str(parts.config.resolve_cwd(None)),
            proxies=proxies,
        )
        here = LocalEnvironment(local)
        news = ConnectionNews()
        environments = EnvironmentManager(
            here,
            provider=parts.environments,
            connect=partial(_remote, parts.environ, connections, news),
            news=news,
        )
        start_process = partial(spawner.start, owner=spawner.new_owner())
        changes = plugin_changes(parts.config, start_process, environ=parts.environ, product=product_of(parts.source))
        runtime = build_runtime(
            RuntimeParts(
                codex_home=parts.codex_home,
                threads=services.threads,
                queues=storage.queues,
                goals=storage.goals,
                environ=parts.environ,
                config=parts.config,
                auth=services.auth,
                identity=parts.identity,
                installation_id=parts.installation_id,
                catalog=services.catalog,
                clients=ProtocolClients(parts.outgoing),
                environments=environments,
                extensions=services.extensions,
                transport=transport,
                gate=parts.gate,
                start_script=partial(start_script_process, spawner),
                quiet=parts.idle.quiet,
                start_process=start_process,
            )
        )
        requests = McpRequests(parts.config, runtime.loaded, runtime.mcp, runtime.mcp_logins)
        parts.config.when_reloaded(requests.reload)
        answers = work_handlers(
            WorkServices(
                codex_home=services.codex_home,
                source=services.source,
                config=services.config,
                identity=services.identity,
                outgoing=services.outgoing,
                auth=services.auth,
                catalog=services.catalog,
                threads=runtime,
                load=services.load,
                watches=services.watches,
                search=services.search,
                extensions=services.extensions,
                sandbox=services.sandbox,
                gate=parts.gate,
                new_client_processes=partial(ClientProcesses, local),
                diff_to_remote=here.repositories.diff_to_remote,
                migration=cache(partial(_migration, parts, runtime, changes, imports)),
                plugin_changes=changes,
            )
        )
        async with trio.open_nursery() as threads:
            await threads.start(runtime.mcp.pool.run)
            await threads.start(runtime.mcp_logins.run)
            await threads.start(runtime.host.run)
            threads.start_soon(runtime.maker.run)
            threads.start_soon(spawner.watch)
            tasks = [
                StartupTask("preparing for the first turn", runtime.warm),
                StartupTask("looking after plugins", partial(_look_after_plugins, parts, services, changes)),
            ]
            if refresh is not None:
                ask = partial(_refresh, parts, services, transport, refresh)
                tasks.append(StartupTask("bringing the known models up to date", ask))
                if parts.startup_tasks:
                    threads.start_soon(refresh.run, ask)
            threads.start_soon(partial(run_startup_tasks, tasks, parts.idle, are_wanted=parts.startup_tasks))
            yield answers
            threads.cancel_scope.cancel()
        imports.cancel_scope.cancel()
        connections.cancel_scope.cancel()


def _remote(
    environ: Mapping[str, str], nursery: trio.Nursery, news: ConnectionNews, target: RemoteTarget
) -> Environment:
    # Imported when there is one: most servers know no machine but their own.
    from codex_trio.environments.remote.environment import RemoteEnvironment
    from codex_trio.server.exec_servers import ExecServers

    environment = RemoteEnvironment(target, ExecServers(environ).open, nursery, news=news)
    if isinstance(target.where, WebsocketTarget):
        # A program is started when it is needed.
        environment.connection.dial()
    return environment


def _migration(parts: CoreParts, runtime: ThreadRuntime, changes: PluginChanges, imports: trio.Nursery) -> Migration:
    # Imported when it is first asked for.
    from codex_trio.migration.service import Migration
    from codex_trio.wire.migration import tell_import

    store = parts.config.startup_default().merged.get("experimental_thread_store")
    return Migration(
        config=parts.config,
        store=runtime.store,
        plugins=changes,
        is_loaded=lambda thread_id: runtime.loaded.find(thread_id) is not None,
        keeps_files=table_of(store).get("type") != "in_memory",
        start=imports.start_soon,
        tell=partial(tell_import, parts.outgoing.notify),
    )


async def _look_after_plugins(parts: CoreParts, services: Services, changes: PluginChanges) -> None:
    """Remove what a process that died has left of installs, and read what is installed."""
    await trio.to_thread.run_sync(changes.sweep)
    await services.extensions.plugins(parts.config.startup_default())


async def _refresh(parts: CoreParts, services: Services, transport: HttpTransport, refresh: CatalogRefresh) -> None:
    provider = parts.config.startup_default().model_provider
    auth = resolve_request_auth(provider, environ=parts.environ, credentials=services.auth.credentials())
    key = auth.bearer
    if provider.auth is not None:
        key = await AuthCommands(parts.environ, folder=parts.config.resolve_cwd(None)).key_of(provider.auth).current()
    headers = {"user-agent": parts.identity.user_agent, "originator": parts.identity.originator}
    await refresh.refresh(transport, api_key=key, environ=parts.environ, headers=headers)

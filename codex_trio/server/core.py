"""Everything behind the front: built once, after the first client was answered, and ended in one order.

Owns which services there are, what each is built from, and that those which threads use end after the threads. Does not
own connections, listeners or signals. The front (`app.py`) imports this module late, since it brings nearly all others.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import trio
from codex_trio_protocol.table import CLIENT_REQUESTS, decoder
from codex_trio_protocol.v2.notice import ConfigWarningNotification, WarningNotification
from codex_trio_protocol.v2.skills import SkillsChangedNotification

from codex_trio.config.model_catalog import configured_catalog
from codex_trio.config.service import ConfigService
from codex_trio.config.settings import EffectiveConfig
from codex_trio.extensions.plugin_parts import PluginParts, PluginSource
from codex_trio.extensions.plugins.products import product_of
from codex_trio.extensions.sets import ExtensionSets
from codex_trio.files.watches import FileWatches
from codex_trio.identity.auth_store import AuthStore
from codex_trio.model.catalog import ModelCatalog, bundled_catalog
from codex_trio.model.catalog_entries import facts_of
from codex_trio.processors.registry import handlers
from codex_trio.processors.services import ServerLoad, Services
from codex_trio.rpc.context import Handler
from codex_trio.rpc.external_auth import ClientManagedTokens
from codex_trio.sandbox.look import SandboxLook
from codex_trio.search.search import FileSearch
from codex_trio.server.ahead import import_ahead
from codex_trio.server.deferred import Deferred
from codex_trio.server.idle import Idle
from codex_trio.server.late import late_handlers
from codex_trio.server.parts import CoreParts
from codex_trio.server.startup_tasks import QUIET_SECONDS, StartupTask, run_startup_tasks
from codex_trio.state.db.initializer import keep_database_usable, state_database, state_db_path
from codex_trio.state.store.storage import ThreadStorage
from codex_trio.threads.stored import stored_threads
from codex_trio.util.importing import without_collections

if TYPE_CHECKING:
    from codex_trio.model.catalog_refresh import CatalogRefresh


@asynccontextmanager
async def open_core(parts: CoreParts) -> AsyncGenerator[Mapping[str, Handler]]:
    """Run all services until the block ends; the handlers of every method that is answered.

    At the end threads end first: their turns are interrupted, and what they run is killed. What they were stored and
    read with ends after them.
    """
    default = parts.config.startup_default()
    auth = AuthStore(
        parts.codex_home,
        kind=default.cli_auth_credentials_store,
        forced_login_method=default.forced_login_method,
        external=ClientManagedTokens(parts.outgoing),
    )
    await trio.to_thread.run_sync(auth.load)
    catalog = _catalog(default)
    refresh = await _recalled(catalog, default, partial(_warn_of_configuration, parts))
    async with _running_storage(parts) as storage:
        watches = FileWatches()
        services = Services(
            codex_home=parts.codex_home,
            source=parts.source,
            identity=parts.identity,
            config=parts.config,
            outgoing=parts.outgoing,
            auth=auth,
            catalog=catalog,
            threads=stored_threads(storage, codex_home=parts.codex_home),
            load=partial(_load, parts),
            watches=watches,
            search=FileSearch(watches),
            extensions=ExtensionSets(
                parts.config.paths,
                watches,
                skills_changed=partial(_tell_skills_changed, parts),
                plugins=_plugins_of(parts.codex_home),
                product=product_of(parts.source),
                own_folder=parts.config.resolve_cwd(None),
            ),
            sandbox=SandboxLook(parts.environ, tell=partial(_warn_of_configuration, parts)),
        )
        answers = handlers(services)
        layer = Deferred(partial(_open_thread_layer, parts, services, storage, refresh))
        working = late_handlers(CLIENT_REQUESTS.keys() - answers.keys(), layer)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watches.run)
            nursery.start_soon(services.search.run)
            nursery.start_soon(services.extensions.run)
            nursery.start_soon(layer.run)
            prepare = partial(_prepare, answers, parts.idle, layer)
            tasks = [StartupTask("preparing for what clients may ask for", prepare)]
            nursery.start_soon(partial(run_startup_tasks, tasks, parts.idle, are_wanted=parts.startup_tasks))
            yield {**working, **answers}
            nursery.cancel_scope.cancel()


def _catalog(config: EffectiveConfig) -> ModelCatalog:
    """Return the user's own catalog where there is one, else the built-in one."""
    own = configured_catalog(config.merged)
    return bundled_catalog() if own is None else ModelCatalog(facts_of(own.entries))


async def _recalled(
    catalog: ModelCatalog, config: EffectiveConfig, tell: Callable[[str], None]
) -> CatalogRefresh | None:
    """Have a catalog hold what the provider's endpoint said last; return what asks it again. None where none is."""
    if config.model_provider.model_catalog_url is None or "model_catalog_json" in config.merged:
        return None
    # Few providers have one.
    from codex_trio.model.catalog_refresh import CatalogRefresh

    refresh = CatalogRefresh(catalog, config.model_provider, codex_home=config.codex_home, tell=tell)
    await trio.to_thread.run_sync(refresh.recall)
    refresh.tell_ignored()
    return refresh


def _plugins_of(codex_home: Path) -> PluginSource:
    """Return what says which plugins a configuration has. Most have none: then nothing of them is imported."""

    @cache
    def source() -> PluginSource:
        from codex_trio.extensions.plugins.installed import InstalledPlugins
        from codex_trio.extensions.plugins.store import PluginStore

        return InstalledPlugins(PluginStore(codex_home))

    async def plugins(config: EffectiveConfig) -> Sequence[PluginParts]:
        return await source()(config) if config.merged.get("plugins") else ()

    return plugins


def _load(parts: CoreParts) -> ServerLoad:
    """Return how much the server is at."""
    queued = parts.scheduler.waiting
    return ServerLoad(
        requests_in_flight=parts.idle.under_way - queued, requests_queued=queued, turns=parts.gate.running
    )


def _open_thread_layer(
    parts: CoreParts, services: Services, storage: ThreadStorage, refresh: CatalogRefresh | None
) -> AbstractAsyncContextManager[Mapping[str, Handler]]:
    # Imported when the first request needs it, or there is time: lists and reads, which come first, need none of it.
    with without_collections():
        from codex_trio.server.thread_layer import open_thread_layer

    return open_thread_layer(parts, services, storage, refresh)


@asynccontextmanager
async def _running_storage(parts: CoreParts) -> AsyncGenerator[ThreadStorage]:
    """Provide where threads are kept, with the services that belong to it."""
    if _keeps_nothing(parts.config):
        from codex_trio.state.memory.storage import memory_storage

        yield memory_storage()
        return
    from codex_trio.state.local.storage import local_storage

    warn = partial(_warn, parts)
    path = state_db_path(parts.config.startup_default().sqlite_home)
    async with state_database(path, warn=warn) as database, trio.open_nursery() as services:
        storage = local_storage(parts.codex_home, database, quiet=parts.idle.quiet)
        services.start_soon(partial(keep_database_usable, database, warn=warn))
        services.start_soon(storage.run)
        yield storage
        services.cancel_scope.cancel()


def _keeps_nothing(config: ConfigService) -> bool:
    store = config.startup_default().merged.get("experimental_thread_store")
    return isinstance(store, Mapping) and cast("Mapping[str, Any]", store).get("type") == "in_memory"


def _tell_skills_changed(parts: CoreParts) -> None:
    parts.outgoing.notify("skills/changed", SkillsChangedNotification())


def _warn(parts: CoreParts, message: str) -> None:
    """Tell every client of what concerns no thread, those that are still to come included."""
    parts.warnings.append(message)
    parts.outgoing.notify("warning", WarningNotification(message=message))


def _warn_of_configuration(parts: CoreParts, summary: str) -> None:
    """Tell every client of what an administrator of this machine can change, those that are still to come included."""
    parts.config.note_warning(summary)
    parts.outgoing.notify("configWarning", ConfigWarningNotification(summary=summary))


async def _prepare(answers: Iterable[str], idle: Idle, layer: Deferred[Mapping[str, Handler]]) -> None:
    """Do ahead, while clients ask for nothing, what their next requests would have to wait for."""
    await import_ahead(idle, quiet_seconds=QUIET_SECONDS)
    await idle.quiet(QUIET_SECONDS)
    for method in (*await layer.ready(), *answers):
        params = CLIENT_REQUESTS[method].params_type()
        if params is not None:
            await idle.quiet(QUIET_SECONDS)
            decoder(params)

"""Which plugins the other program has switched on, where their marketplaces are, and installing them from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import trio

from codex_trio.config.errors import ConfigLoadError, ConfigWriteError
from codex_trio.extensions.plugins.changes import PluginChanges
from codex_trio.extensions.plugins.marketplace import marketplace_file
from codex_trio.extensions.plugins.names import PluginFailed, PluginRefused
from codex_trio.migration.reading import read_target_table
from codex_trio.migration.settings import settings_file, settings_of
from codex_trio.migration.values import (
    IMPORT_FAILED,
    ImportFailure,
    ImportSuccess,
    KindOutcome,
    MigrationItem,
    MigrationPlace,
    MigrationProblem,
    PluginChoice,
)
from codex_trio.util.loose_json import table_of


def plan_plugins(place: MigrationPlace) -> MigrationItem | None:
    """Return what there is for PLUGINS. Raises MigrationProblem."""
    installed = table_of(read_target_table(place.config).get("plugins"))
    chosen: dict[str, list[str]] = {}
    for table in settings_of(place):
        for name, is_on in table_of(table.get("enabledPlugins")).items():
            plugin, _, marketplace = name.partition("@")
            if is_on is True and plugin and marketplace and name not in installed:
                chosen.setdefault(marketplace, []).append(plugin)
    if not chosen:
        return None
    return MigrationItem(
        kind="PLUGINS",
        description=f"Migrate enabled plugins from {settings_file(place)}",
        plugins=tuple(PluginChoice(market, tuple(sorted(plugins))) for market, plugins in sorted(chosen.items())),
    )


async def install_plugins(changes: PluginChanges, place: MigrationPlace, item: MigrationItem) -> KindOutcome:
    """Install what is chosen from where the settings say that its marketplace is."""
    successes: list[ImportSuccess] = []
    failures: list[ImportFailure] = []
    for choice in item.plugins or ():
        for plugin in choice.plugins:
            name = f"{plugin}@{choice.marketplace}"
            try:
                await _install(changes, place, choice.marketplace, plugin)
            except (PluginRefused, PluginFailed, MigrationProblem) as problem:
                failures.append(_failure(name, str(problem)))
            except (ConfigLoadError, ConfigWriteError) as error:
                failures.append(_failure(name, error.message))
            else:
                successes.append(ImportSuccess(kind="PLUGINS", source=name, target=name))
    return KindOutcome(kind="PLUGINS", successes=tuple(successes), failures=tuple(failures))


async def _install(changes: PluginChanges, place: MigrationPlace, marketplace: str, plugin: str) -> None:
    source, ref = await trio.to_thread.run_sync(_source_of, place, marketplace)
    added = await changes.marketplaces.add(source, ref=ref, sparse_paths=None)
    if added.name != marketplace:
        raise MigrationProblem(f"{source} is the marketplace `{added.name}`, not `{marketplace}`")
    path = await trio.to_thread.run_sync(marketplace_file, added.root)
    if path is None:
        raise MigrationProblem(f"{added.root} has no marketplace.json")
    await changes.installer.install(path, plugin)


def _source_of(place: MigrationPlace, marketplace: str) -> tuple[str, str | None]:
    """Return what to add a marketplace by, and its branch or tag. Raises MigrationProblem."""
    for table in settings_of(place):
        known = table_of(table_of(table_of(table.get("extraKnownMarketplaces")).get(marketplace)).get("source"))
        found = next(_addresses(known), None)
        if found is not None:
            ref = known.get("ref")
            return found, ref if isinstance(ref, str) else None
    raise MigrationProblem(f"the settings do not say where the marketplace `{marketplace}` is, in a way known here")


def _addresses(source: Mapping[str, Any]) -> Iterator[str]:
    key = {"directory": "path", "github": "repo", "git": "url"}.get(str(source.get("source")))
    value = None if key is None else source.get(key)
    if isinstance(value, str) and value:
        yield value


def _failure(name: str, message: str) -> ImportFailure:
    return ImportFailure(kind="PLUGINS", message=message, stage="plugin_import", error_type=IMPORT_FAILED, source=name)

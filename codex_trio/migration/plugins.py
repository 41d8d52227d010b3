"""Which plugins the other program has switched on, and where their marketplaces are."""

from __future__ import annotations

from codex_trio.migration.settings import settings_file, settings_of
from codex_trio.migration.values import MigrationItem, MigrationPlace, PluginChoice
from codex_trio.util.loose_json import table_of


def plan_plugins(place: MigrationPlace) -> MigrationItem | None:
    """Return what there is for PLUGINS. Raises MigrationProblem."""
    chosen: dict[str, list[str]] = {}
    for table in settings_of(place):
        for name, is_on in table_of(table.get("enabledPlugins")).items():
            plugin, _, marketplace = name.partition("@")
            if is_on is True and plugin and marketplace:
                chosen.setdefault(marketplace, []).append(plugin)
    if not chosen:
        return None
    return MigrationItem(
        kind="PLUGINS",
        description=f"Migrate enabled plugins from {settings_file(place)}",
        plugins=tuple(PluginChoice(market, tuple(sorted(plugins))) for market, plugins in sorted(chosen.items())),
    )

"""All that changes plugins and marketplaces, built together: for a server, and for the command line.

Owns the wiring, and removing what processes that died have left.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from codex_trio.config.service import ConfigService
from codex_trio.extensions.plugins.discovery import MarketplaceFinder
from codex_trio.extensions.plugins.fetching import GitFetcher, StartProcess
from codex_trio.extensions.plugins.installer import PluginInstaller
from codex_trio.extensions.plugins.marketplaces import Marketplaces
from codex_trio.extensions.plugins.store import PluginStore


class PluginChanges(msgspec.Struct, frozen=True, kw_only=True):
    """See the module."""

    store: PluginStore
    installer: PluginInstaller
    marketplaces: Marketplaces

    def sweep(self) -> None:
        """Remove what processes that died have left. Blocking."""
        self.store.sweep()
        self.marketplaces.sweep()


def plugin_changes(
    config: ConfigService, start: StartProcess, *, environ: Mapping[str, str], product: str | None
) -> PluginChanges:
    """Return what changes the plugins of a configuration. `start` starts git."""
    store = PluginStore(config.paths.codex_home)
    fetcher = GitFetcher(start, environ)
    finder = MarketplaceFinder(config.paths.home)
    return PluginChanges(
        store=store,
        installer=PluginInstaller(config, store, finder, fetcher, product=product),
        marketplaces=Marketplaces(config, store, fetcher),
    )

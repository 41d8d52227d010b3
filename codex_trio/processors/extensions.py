"""Hooks and plugins: this server has none yet, and says so in the form that clients read at their start.

Protocol source: `hooks/list`, `plugin/list`, `plugin/installed`, release 0.169.0.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import plugin

from codex_trio.config.service import ConfigService
from codex_trio.processors.services import Services
from codex_trio.rpc.context import Handler, RequestContext


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ExtensionsProcessor(services.config)
    return {
        "plugin/list": processor.plugins,
        "plugin/installed": processor.installed_plugins,
    }


class ExtensionsProcessor:
    """Nothing is loaded, whatever folder is asked about."""

    def __init__(self, config: ConfigService) -> None:
        self._config = config

    async def plugins(self, _params: plugin.PluginListParams, _context: RequestContext) -> plugin.PluginListResponse:
        """No marketplaces."""
        return plugin.PluginListResponse(marketplaces=[])

    async def installed_plugins(
        self, _params: plugin.PluginInstalledParams, _context: RequestContext
    ) -> plugin.PluginInstalledResponse:
        """No marketplaces."""
        return plugin.PluginInstalledResponse(marketplaces=[])

    def _folders(self, cwds: list[str]) -> list[str]:
        return cwds or [str(self._config.resolve_cwd(None))]

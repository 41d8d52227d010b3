"""Installing and removing plugins, and adding, removing and upgrading the marketplaces that they come from.

Protocol source: `plugin/install|uninstall|reconcile`, `marketplace/add|remove|upgrade`, release 0.171.0.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from codex_trio_protocol.v2 import marketplace as marketplaces
from codex_trio_protocol.v2 import plugin as wire

from codex_trio.config.errors import ConfigLoadError, ConfigWarning, ConfigWriteError
from codex_trio.extensions.plugins.installer import Installation
from codex_trio.extensions.plugins.names import (
    NO_CATALOGUE,
    PluginFailed,
    PluginRefused,
    check_remote_id,
    is_remote_id,
    parse_id,
)
from codex_trio.processors.notices import Notices
from codex_trio.processors.services import WorkServices
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import internal_error, invalid_request

_MOST_NAMED = 10


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = PluginChangesProcessor(services)
    return {
        "plugin/install": processor.install,
        "plugin/uninstall": processor.uninstall,
        "plugin/reconcile": processor.reconcile,
        "marketplace/add": processor.add,
        "marketplace/remove": processor.remove,
        "marketplace/upgrade": processor.upgrade,
    }


class PluginChangesProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._config = services.config
        self._extensions = services.extensions
        self._changes = services.plugin_changes
        self._notices = Notices(services.outgoing)

    async def install(self, params: wire.PluginInstallParams, context: RequestContext) -> wire.PluginInstallResponse:
        """Install a plugin of a marketplace; loaded threads have its servers from then on."""
        path = params.marketplace_path
        if (path is None) == (params.remote_marketplace_name is None):
            raise invalid_request("plugin/install requires exactly one of marketplacePath or remoteMarketplaceName")
        if path is None:
            with _refused():
                check_remote_id(params.plugin_name)
            raise invalid_request(f"read remote plugin details before install: {NO_CATALOGUE}")
        # What is fetched may take its time: it is not that of other requests.
        context.leave_scope()
        with _refused():
            installed = await self._changes.installer.install(Path(path), params.plugin_name)
        self._tell_left_out([installed], context)
        await self._follow(context)
        return wire.PluginInstallResponse(auth_policy=installed.entry.authentication, apps_needing_auth=[])

    async def uninstall(
        self, params: wire.PluginUninstallParams, context: RequestContext
    ) -> wire.PluginUninstallResponse:
        """Remove a plugin; one that is not installed is removed already."""
        plugin_id = parse_id(params.plugin_id)
        if plugin_id is None:
            if is_remote_id(params.plugin_id):
                raise invalid_request(f"resolve remote plugin before uninstall: {NO_CATALOGUE}")
            raise invalid_request(f"invalid plugin id `{params.plugin_id}`: expected PLUGIN@MARKETPLACE")
        with _refused():
            await self._changes.installer.uninstall(plugin_id)
        await self._follow(context)
        return wire.PluginUninstallResponse()

    async def reconcile(
        self, _params: wire.PluginReconcileParams, context: RequestContext
    ) -> wire.PluginReconcileResponse:
        """Install what the configuration enables and is not there; there are no remote plugins."""
        with _refused():
            installed, problems = await self._changes.installer.reconcile()
        for plugin_id, problem in problems:
            self._notices.config_warning(
                ConfigWarning(summary=f"Plugin {plugin_id} is enabled and cannot be installed: {problem}"), context
            )
        self._tell_left_out(installed, context)
        if installed:
            await self._follow(context)
        changed = {str(one.entry.id) for one in installed}
        parts = [part for part in await self._extensions.plugins(self._config.load()) if part.id in changed]
        return wire.PluginReconcileResponse(
            changed_plugins=[
                wire.PluginReconcileChangedPlugin(
                    id=part.id,
                    has_mcps=bool(part.mcp_servers),
                    has_apps=bool(part.apps),
                    has_hooks=bool(part.hook_files or part.hooks),
                    has_skills=bool(part.skill_roots),
                )
                for part in parts
            ],
            failed_remote_plugin_ids=[],
            failed_materialization_remote_plugin_ids=[],
        )

    async def add(
        self, params: marketplaces.MarketplaceAddParams, context: RequestContext
    ) -> marketplaces.MarketplaceAddResponse:
        """Add a marketplace to the user's configuration."""
        context.leave_scope()
        with _refused(failure_is_ours=True):
            added = await self._changes.marketplaces.add(
                params.source, ref=params.ref_name, sparse_paths=params.sparse_paths
            )
        return marketplaces.MarketplaceAddResponse(
            marketplace_name=added.name, installed_root=str(added.root), already_added=added.already
        )

    async def remove(
        self, params: marketplaces.MarketplaceRemoveParams, _context: RequestContext
    ) -> marketplaces.MarketplaceRemoveResponse:
        """Take a marketplace out of the user's configuration; plugins that were installed from it stay."""
        with _refused(failure_is_ours=True):
            root = await self._changes.marketplaces.remove(params.marketplace_name)
        return marketplaces.MarketplaceRemoveResponse(
            marketplace_name=params.marketplace_name, installed_root=None if root is None else str(root)
        )

    async def upgrade(
        self, params: marketplaces.MarketplaceUpgradeParams, context: RequestContext
    ) -> marketplaces.MarketplaceUpgradeResponse:
        """Fetch what has changed, and bring what is installed of it up to date."""
        context.leave_scope()
        with _refused(failure_is_ours=True):
            upgrade = await self._changes.marketplaces.upgrade(
                params.marketplace_name, renew=self._changes.installer.renew
            )
        if upgrade.roots:
            await self._follow(context)
        return marketplaces.MarketplaceUpgradeResponse(
            selected_marketplaces=upgrade.selected,
            upgraded_roots=[str(root) for root in upgrade.roots],
            errors=[
                marketplaces.MarketplaceUpgradeErrorInfo(marketplace_name=name, message=message)
                for name, message in upgrade.errors
            ],
        )

    async def _follow(self, context: RequestContext) -> None:
        """Have loaded threads and clients follow what was changed, as far as can be."""
        context.after_response(self._extensions.skills.tell_changed)
        for problem in await self._config.reload():
            summary = f"Some loaded threads go on with what they had: {problem}"
            self._notices.config_warning(ConfigWarning(summary=summary), context)

    def _tell_left_out(self, installed: Sequence[Installation], context: RequestContext) -> None:
        for one in installed:
            for left_out, told in (
                (one.left_out, "was installed without what is neither a file nor a folder, such as links"),
                (one.unused_commands, "has commands that cannot be skills"),
            ):
                if left_out:
                    summary = f"Plugin {one.entry.id} {told}: {_first(left_out)}"
                    self._notices.config_warning(ConfigWarning(summary=summary), context)


def _first(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return f"{', '.join(names[:_MOST_NAMED])}{f' and {more} more' if more > 0 else ''}"


@contextmanager
def _refused(*, failure_is_ours: bool = False) -> Generator[None]:
    """Tell clients why something did not work."""
    try:
        yield
    except PluginRefused as problem:
        raise invalid_request(str(problem)) from problem
    except PluginFailed as failure:
        raise (internal_error if failure_is_ours else invalid_request)(str(failure)) from failure
    except ConfigWriteError as error:
        raise invalid_request(error.message, {"config_write_error_code": error.code}) from error
    except ConfigLoadError as error:
        raise internal_error(f"failed to load configuration: {error.message}") from error

"""`codex-trio plugin`: installing and removing plugins, and the marketplaces that they come from.

Owns the command line, and how plugins are shown. Does not own what is done (`extensions.plugins`).
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import trio

from codex_trio.cli.options import UsageError, add_common_options
from codex_trio.cli.parser import Parser
from codex_trio.cli.surroundings import complain, current_folder
from codex_trio.cli.tables import print_table
from codex_trio.cli.user_config import config_service
from codex_trio.config.errors import ConfigLoadError, ConfigWriteError
from codex_trio.config.service import ConfigService
from codex_trio.execution.spawner import open_process_spawner
from codex_trio.extensions.plugins.catalog import OfferedPlugin, Offers, PluginCatalog, described_source
from codex_trio.extensions.plugins.changes import PluginChanges, plugin_changes
from codex_trio.extensions.plugins.discovery import MarketplaceFinder
from codex_trio.extensions.plugins.marketplace import GitSource, LocalSource, Marketplace
from codex_trio.extensions.plugins.names import PluginFailed, PluginId, PluginRefused, parse_id
from codex_trio.extensions.plugins.products import CODEX
from codex_trio.extensions.plugins.store import PluginStore
from codex_trio.util.spelling import did_you_mean

T = TypeVar("T")
_Run = Callable[[argparse.Namespace, Mapping[str, str]], int]


def configure(parser: Parser) -> None:
    """Add the commands of this subcommand."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = _command(commands, "add", "install a plugin of a marketplace", _add)
    remove = _command(commands, "remove", "remove a plugin", _remove)
    for command in (add, remove):
        command.add_argument("plugin", metavar="PLUGIN[@MARKETPLACE]")
    shown = _command(commands, "list", "show the plugins of all marketplaces", _list)
    shown.add_argument("--available", action="store_true", help="with --json, those too that are not installed")
    for command in (add, remove, shown):
        command.add_argument("-m", "--marketplace", metavar="MARKETPLACE", help="the marketplace that is meant")
    summary = "add, list, upgrade and remove marketplaces"
    marketplace = commands.add_parser("marketplace", help=summary, description=summary)
    inner = marketplace.add_subparsers(title="commands", metavar="COMMAND", required=True)
    source = _command(inner, "add", "add a folder or a repository as a marketplace", _add_marketplace)
    source.add_argument("source", metavar="SOURCE", help="a folder, owner/repo[@ref], or the URL of a repository")
    source.add_argument("--ref", metavar="REF", help="the branch, tag or commit of a repository")
    source.add_argument("--sparse", metavar="PATH", action="append", help="check out this folder of a repository alone")
    _command(inner, "list", "show the marketplaces", _list_marketplaces)
    upgrade = _command(inner, "upgrade", "fetch marketplaces anew that have changed", _upgrade)
    upgrade.add_argument("name", metavar="MARKETPLACE", nargs="?")
    forget = _command(inner, "remove", "remove a marketplace; its plugins stay", _remove_marketplace)
    forget.add_argument("name", metavar="MARKETPLACE")
    marketplace.subcommand_words = frozenset(inner.choices)
    parser.subcommand_words = frozenset(commands.choices)


def _command(commands: Any, name: str, what: str, run: _Run) -> Parser:
    parser = commands.add_parser(name, help=what, description=what)
    add_common_options(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)
    return parser


def _add(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    plugin_id = _plugin_id(options)
    config = config_service(options, environ)
    found = _checked(lambda: _finder(config).find(config.load(), [current_folder()]))
    market = next((market for market in found.marketplaces if market.name == plugin_id.marketplace), None)
    missing = f"plugin `{plugin_id.name}` was not found in marketplace `{plugin_id.marketplace}`"
    if market is None:
        known = [market.name for market in found.marketplaces]
        raise UsageError(f"{missing}, which is not there.{did_you_mean(plugin_id.marketplace, known)}")
    if market.find(plugin_id.name) is None:
        raise UsageError(f"{missing}.{did_you_mean(plugin_id.name, [entry.id.name for entry in market.entries])}")
    done = _changed(config, environ, lambda changes: changes.installer.install(market.path, plugin_id.name))
    for left_out in done.left_out:
        complain(f"warning: {left_out} was left out: it is neither a file nor a folder")
    for unused in done.unused_commands:
        complain(f"warning: not made a skill: {unused}")
    if options.json:
        said = {"version": done.version, "installedPath": str(done.root), "authPolicy": done.entry.authentication}
        return _print_json({**_named(plugin_id), **said})
    print(f"Added plugin `{plugin_id.name}` from marketplace `{plugin_id.marketplace}`.")
    print(f"Installed plugin root: {done.root}")
    return os.EX_OK


def _remove(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    plugin_id = _plugin_id(options)
    config = config_service(options, environ)
    is_there = PluginStore(config.paths.codex_home).root_of(plugin_id) is not None
    _changed(config, environ, lambda changes: changes.installer.uninstall(plugin_id))
    if not is_there:
        complain(f"warning: plugin `{plugin_id}` was not installed")
    if options.json:
        return _print_json(_named(plugin_id))
    if is_there:
        print(f"Removed plugin `{plugin_id.name}` from marketplace `{plugin_id.marketplace}`.")
    return os.EX_OK


def _list(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    config = config_service(options, environ)
    catalog = PluginCatalog(PluginStore(config.paths.codex_home), _finder(config), product=CODEX)
    found = _checked(lambda: catalog.list(config.load(), [current_folder()]))
    for place, problem in found.errors:
        complain(f"warning: {place}: {problem}")
    for left in catalog.without_marketplace(config.load(), [current_folder()]):
        complain(
            f"warning: `{left}` is installed and in use, but its marketplace is not there; to remove it: "
            f"codex-trio plugin remove {left}"
        )
    if options.json:
        return _print_json(_as_json(found, options))
    offers = [offer for offer in found.offers if options.marketplace in (None, offer.marketplace.name)]
    if not offers:
        print("No marketplace plugins found.")
    for offer in offers:
        print(f"Marketplace `{offer.marketplace.name}`\n{offer.marketplace.path}\n")
        print_table(("PLUGIN", "STATUS", "VERSION", "SOURCE"), [_row(plugin) for plugin in offer.plugins])
    return os.EX_OK


def _add_marketplace(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    async def add(changes: PluginChanges) -> Any:
        return await changes.marketplaces.add(options.source, ref=options.ref, sparse_paths=options.sparse)

    added = _changed(config_service(options, environ), environ, add)
    if options.json:
        said = {"installedRoot": str(added.root), "alreadyAdded": added.already}
        return _print_json({"marketplaceName": added.name, **said})
    done = f"Marketplace `{added.name}` is already there" if added.already else f"Added marketplace `{added.name}`"
    print(f"{done}: {added.root}")
    return os.EX_OK


def _list_marketplaces(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    config = config_service(options, environ)
    found = _checked(lambda: _finder(config).find(config.load(), [current_folder()]))
    for place, problem in found.errors:
        complain(f"warning: {place}: {problem}")
    if options.json:
        roots = [{"name": market.name, "root": str(market.root)} for market in found.marketplaces]
        return _print_json({"marketplaces": roots})
    if not found.marketplaces:
        print("No plugin marketplaces in scope.")
        return os.EX_OK
    print_table(("MARKETPLACE", "ROOT"), [(market.name, str(market.root)) for market in found.marketplaces])
    return os.EX_OK


def _upgrade(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    async def upgrade(changes: PluginChanges) -> Any:
        return await changes.marketplaces.upgrade(options.name, renew=changes.installer.renew)

    done = _changed(config_service(options, environ), environ, upgrade)
    roots = [str(root) for root in done.roots]
    if options.json:
        errors = [{"marketplaceName": name, "message": message} for name, message in done.errors]
        _print_json({"selectedMarketplaces": done.selected, "upgradedRoots": roots, "errors": errors})
    elif not done.selected:
        print("No configured Git marketplaces to upgrade.")
    else:
        print(f"Upgraded {len(roots)} of {len(done.selected)} marketplaces.", *roots, sep="\n")
    for name, message in done.errors:
        complain(f"error: {name}: {message}")
    return 1 if done.errors else os.EX_OK


def _remove_marketplace(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    root: Path | None = _changed(
        config_service(options, environ), environ, lambda changes: changes.marketplaces.remove(options.name)
    )
    if options.json:
        return _print_json({"marketplaceName": options.name, "installedRoot": None if root is None else str(root)})
    print(f"Removed marketplace `{options.name}`.")
    return os.EX_OK


def _plugin_id(options: argparse.Namespace) -> PluginId:
    given: str = options.plugin
    if "@" not in given:
        if options.marketplace is None:
            raise UsageError("plugin requires --marketplace unless passed as <plugin>@<marketplace>")
        given = f"{given}@{options.marketplace}"
    plugin_id = parse_id(given)
    if plugin_id is None or options.marketplace not in (None, plugin_id.marketplace):
        raise UsageError(f"invalid plugin `{options.plugin}`: expected PLUGIN@MARKETPLACE")
    return plugin_id


def _finder(config: ConfigService) -> MarketplaceFinder:
    return MarketplaceFinder(config.paths.home)


def _changed(config: ConfigService, environ: Mapping[str, str], change: Callable[[PluginChanges], Awaitable[T]]) -> T:
    """Return what comes of a change. Raises UsageError with the reason where it does not work."""

    async def run() -> T:
        async with open_process_spawner() as spawner:
            return await change(plugin_changes(config, spawner.start, environ=environ, product=CODEX))

    return _checked(lambda: trio.run(run))


def _checked(work: Callable[[], T]) -> T:
    try:
        return work()
    except (PluginRefused, PluginFailed) as problem:
        raise UsageError(str(problem)) from problem
    except (ConfigLoadError, ConfigWriteError) as error:
        raise UsageError(error.message) from error


def _as_json(found: Offers, options: argparse.Namespace) -> dict[str, Any]:
    all_of_them = [
        _plugin_as_json(offer.marketplace, plugin)
        for offer in found.offers
        if options.marketplace in (None, offer.marketplace.name)
        for plugin in offer.plugins
    ]
    available = [plugin for plugin in all_of_them if not plugin["installed"]] if options.available else []
    return {"installed": [plugin for plugin in all_of_them if plugin["installed"]], "available": available}


def _plugin_as_json(marketplace: Marketplace, plugin: OfferedPlugin) -> dict[str, Any]:
    return {
        **_named(PluginId(plugin.entry.id.name, marketplace.name)),
        "version": None if plugin.manifest is None else plugin.manifest.version,
        "installed": plugin.is_installed,
        "enabled": plugin.is_enabled,
        "source": _source(plugin),
        "installPolicy": plugin.entry.installation,
        "authPolicy": plugin.entry.authentication,
    }


def _named(plugin_id: PluginId) -> dict[str, str]:
    return {"pluginId": str(plugin_id), "name": plugin_id.name, "marketplaceName": plugin_id.marketplace}


def _row(plugin: OfferedPlugin) -> tuple[str, ...]:
    state = "not installed"
    if plugin.is_installed:
        state = f"installed, {'enabled' if plugin.is_enabled else 'disabled'}"
    version = (plugin.manifest.version if plugin.manifest is not None and plugin.is_installed else None) or ""
    return str(plugin.entry.id), state, version, _source(plugin)


def _source(plugin: OfferedPlugin) -> str:
    source = plugin.entry.source
    if isinstance(source, LocalSource):
        return str(source.path)
    return described_source(source) if isinstance(source, GitSource) else source.package


def _print_json(value: Any) -> int:
    print(json.dumps(value, indent=2))
    return os.EX_OK

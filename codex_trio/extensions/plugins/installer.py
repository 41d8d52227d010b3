"""Installing and removing plugins: from a folder or a repository into the cache, and into the user's file.

Owns the order of these steps, and what a plugin must be to be installed. Does not own copying, fetching or the cache.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import trio

from codex_trio.config.edit import Edit
from codex_trio.config.service import ConfigService
from codex_trio.config.write import write_edits
from codex_trio.extensions.plugins.commands import write_command_skills
from codex_trio.extensions.plugins.copying import copy_plugin
from codex_trio.extensions.plugins.discovery import FETCHED, MarketplaceFinder, check_allowed
from codex_trio.extensions.plugins.fetching import GitFetcher
from codex_trio.extensions.plugins.inside import inner_path, stays_inside
from codex_trio.extensions.plugins.installed import enabled_plugins
from codex_trio.extensions.plugins.manifest import manifest_for
from codex_trio.extensions.plugins.marketplace import GitSource, LocalSource, Marketplace, MarketplaceEntry
from codex_trio.extensions.plugins.names import PluginFailed, PluginId, PluginRefused, check_version
from codex_trio.extensions.plugins.store import LOCAL_VERSION, PluginStore

MISSING = "missing plugin.json"


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin that was installed; `left_out` are links and other things that are no files.

    `unused_commands` are those that could not be made skills, each with the reason.
    """

    entry: MarketplaceEntry
    root: Path
    version: str
    left_out: tuple[str, ...] = ()
    unused_commands: tuple[str, ...] = ()


class _Prepared(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    version: str
    left_out: tuple[str, ...]
    unused_commands: tuple[str, ...]


class PluginInstaller:
    """`product` is what this server is for those who sell plugins; None for none that is known."""

    def __init__(
        self,
        config: ConfigService,
        store: PluginStore,
        finder: MarketplaceFinder,
        fetcher: GitFetcher,
        *,
        product: str | None,
    ) -> None:
        self._config = config
        self._store = store
        self._finder = finder
        self._fetcher = fetcher
        self._product = product

    async def install(self, marketplace_path: Path, name: str) -> Installation:
        """Install a plugin of a marketplace, and enable it.

        Raises PluginRefused, PluginFailed, ConfigLoadError, ConfigWriteError.
        """
        marketplace = await trio.to_thread.run_sync(self._read_allowed, marketplace_path)
        entry = marketplace.find(name)
        if entry is None:
            raise PluginRefused(f"plugin `{name}` was not found in marketplace `{marketplace.name}`")
        if entry.installation == "NOT_AVAILABLE" or not entry.is_for(self._product):
            raise PluginRefused(f"plugin `{name}` is not available for install in marketplace `{marketplace.name}`")
        return await self._install(marketplace, entry, enable=True)

    def _read_allowed(self, path: Path) -> Marketplace:
        marketplace = self._finder.read(path)
        check_allowed(self._config.load(), marketplace)
        return marketplace

    async def uninstall(self, plugin_id: PluginId) -> None:
        """Remove a plugin, and what the user's file says of it; one that is not there is removed already.

        Raises PluginFailed, ConfigWriteError.
        """
        edit = Edit(path=("plugins", str(plugin_id)), value=None, merge=False)

        def remove() -> None:
            with self._store.changing():
                write_edits(self._config, [edit])
                self._store.remove(plugin_id)

        try:
            await trio.to_thread.run_sync(remove)
        except OSError as error:
            raise PluginFailed(f"failed to remove plugin {plugin_id}: {error.strerror}") from error

    async def renew(self, marketplace: Marketplace) -> list[tuple[PluginId, str]]:
        """Install anew what is installed of a marketplace that has changed; return what could not be, and why."""
        problems: list[tuple[PluginId, str]] = []
        for entry in marketplace.entries:
            root = await trio.to_thread.run_sync(self._store.root_of, entry.id)
            if root is None or not isinstance(entry.source, LocalSource):
                continue
            try:
                await self._install(marketplace, entry, enable=False)
            except (PluginRefused, PluginFailed) as problem:
                problems.append((entry.id, str(problem)))
        return problems

    async def reconcile(self) -> tuple[list[Installation], list[tuple[PluginId, str]]]:
        """Install what is enabled and not there, from the marketplaces that are known; return what could not be, too.

        Raises ConfigLoadError.
        """
        config = await trio.to_thread.run_sync(self._config.load)
        wanted = enabled_plugins(config)
        missing = await trio.to_thread.run_sync(
            lambda: [plugin_id for plugin_id in wanted if self._store.root_of(plugin_id) is None]
        )
        installed: list[Installation] = []
        problems: list[tuple[PluginId, str]] = []
        if not missing:
            return installed, problems
        found = await trio.to_thread.run_sync(self._finder.find, config)
        by_name = {marketplace.name: marketplace for marketplace in reversed(found.marketplaces)}
        for plugin_id in missing:
            marketplace = by_name.get(plugin_id.marketplace)
            if marketplace is None:
                problems.append((plugin_id, f"marketplace `{plugin_id.marketplace}` is not configured or installed"))
                continue
            try:
                installed.append(await self.install(marketplace.path, plugin_id.name))
            except (PluginRefused, PluginFailed) as problem:
                problems.append((plugin_id, str(problem)))
        return installed, problems

    async def _install(self, marketplace: Marketplace, entry: MarketplaceEntry, *, enable: bool) -> Installation:
        edit = Edit(path=("plugins", str(entry.id), "enabled"), value=True, merge=False)

        def put(prepared: _Prepared) -> Path:
            with self._store.changing():
                root = self._store.put(entry.id, prepared.version, prepared.folder)
                if enable:
                    write_edits(self._config, [edit])
                return root

        try:
            with self._store.workplace() as workplace:
                source = await self._source(marketplace, entry, workplace)
                prepared = await trio.to_thread.run_sync(_prepare, entry, source, workplace / "plugin")
                root = await trio.to_thread.run_sync(put, prepared)
        except OSError as error:
            raise PluginFailed(f"failed to install plugin {entry.id}: {error.strerror} ({error.filename})") from error
        return Installation(
            entry=entry,
            root=root,
            version=prepared.version,
            left_out=prepared.left_out,
            unused_commands=prepared.unused_commands,
        )

    async def _source(self, marketplace: Marketplace, entry: MarketplaceEntry, workplace: Path) -> Path:
        """Return the folder with a plugin's files, fetched where it is none of the marketplace."""
        source = entry.source
        if isinstance(source, LocalSource):
            if not stays_inside(marketplace.root, source.path):
                raise PluginRefused(f"the folder of plugin `{entry.id.name}` leads out of its marketplace")
            return source.path
        if not isinstance(source, GitSource):
            raise PluginRefused(
                f"plugin `{entry.id.name}` comes from the npm package `{source.package}`, which this server does not "
                "install; use a folder or a repository as its source"
            )
        fetched = self._config.paths.codex_home / FETCHED
        if source.url.startswith(("/", "file:")) and stays_inside(fetched, marketplace.root):
            raise PluginRefused(
                f"plugin `{entry.id.name}` names a folder of this machine, which a fetched marketplace must not"
            )
        target = workplace / "checkout"
        await self._fetcher.fetch(source.url, target, ref=source.sha or source.ref)
        if source.path is None:
            return target
        inside = inner_path(target, f"./{source.path.removeprefix('./')}")
        if inside is None:
            raise PluginRefused(f"the folder of plugin `{entry.id.name}` leads out of its repository")
        return inside


def _prepare(entry: MarketplaceEntry, source: Path, target: Path) -> _Prepared:
    found = manifest_for(entry.id.name, entry.given, source) if source.is_dir() else None
    if found is None:
        raise PluginRefused(MISSING)
    manifest, document = found
    if manifest.name is not None and manifest.name != entry.id.name:
        raise PluginRefused(
            f"plugin.json name `{manifest.name}` does not match marketplace plugin name `{entry.id.name}`"
        )
    if manifest.version_problem is not None:
        raise PluginRefused(manifest.version_problem)
    version = manifest.version or LOCAL_VERSION
    check_version(version)
    left_out = copy_plugin(source, target)
    if document is not None:
        folder = target / ".codex-plugin"
        os.makedirs(folder, exist_ok=True)
        text = msgspec.json.format(msgspec.json.encode(document), indent=2)
        (folder / "plugin.json").write_bytes(text + b"\n")
    unused = write_command_skills(target, manifest, plugin=entry.id.name)
    return _Prepared(folder=target, version=version, left_out=tuple(left_out), unused_commands=tuple(unused))

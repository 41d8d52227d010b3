"""What marketplaces offer, with what is installed of it: lists, searches, and all about one plugin.

Owns putting this together, and remembering manifests while their files stay as they are. Blocking.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from codex_trio.config.settings import EffectiveConfig
from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.extensions.plugins.discovery import FoundMarketplaces, MarketplaceFinder, check_allowed
from codex_trio.extensions.plugins.inside import stays_inside
from codex_trio.extensions.plugins.installed import FEATURE, enabled_plugins
from codex_trio.extensions.plugins.manifest import FOLDERS, Manifest, manifest_for
from codex_trio.extensions.plugins.marketplace import GitSource, LocalSource, Marketplace, MarketplaceEntry
from codex_trio.extensions.plugins.names import PluginId, PluginRefused
from codex_trio.extensions.plugins.parts import plugin_parts
from codex_trio.extensions.plugins.store import PluginStore

MOST_LISTED = 2_000
"""Plugins of a marketplace that are listed; the others are found by their names, and by searches."""

_MOST_MANIFESTS = 20_000
_MOST_NAMED = 10

_Looks = tuple[object, ...]


class OfferedPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin of a marketplace. `folder` is where its files are; None where those are elsewhere."""

    entry: MarketplaceEntry
    folder: Path | None
    manifest: Manifest | None
    is_installed: bool
    is_enabled: bool


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A marketplace, and what it has for this product."""

    marketplace: Marketplace
    plugins: tuple[OfferedPlugin, ...]


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """Marketplaces that have something, and what could not be read or was left out, with the file that it stands in."""

    offers: tuple[Offer, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


class _Known(msgspec.Struct, frozen=True):
    """What was found of a plugin, and how its files looked then."""

    looks: _Looks
    entry: MarketplaceEntry
    folder: Path | None
    manifest: Manifest | None


class PluginCatalog:
    """`product` is what this server is for those who sell plugins; None for none that is known."""

    def __init__(self, store: PluginStore, finder: MarketplaceFinder, *, product: str | None) -> None:
        self._store = store
        self._finder = finder
        self._product = product
        self._known: dict[tuple[Path, PluginId], _Known] = {}

    def list(self, config: EffectiveConfig, folders: Iterable[Path]) -> Offers:
        """Return what the marketplaces of a configuration and of folders have; nothing where plugins are off."""
        found = self._found(config, folders)
        enabled = enabled_plugins(config)
        offers: list[Offer] = []
        errors = list(found.errors)
        for marketplace in found.marketplaces:
            entries = [entry for entry in marketplace.entries if entry.is_for(self._product)]
            if len(entries) > MOST_LISTED:
                told = f"has {len(entries)} plugins; only the first {MOST_LISTED} are listed, search for the others"
                errors.append((str(marketplace.path), f"marketplace `{marketplace.name}` {told}"))
            if marketplace.passed_over:
                more = len(marketplace.passed_over) - _MOST_NAMED
                named = ", ".join(marketplace.passed_over[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
                told = f"marketplace `{marketplace.name}` has plugins that cannot be used: {named}"
                errors.append((str(marketplace.path), told))
            installed = self._store.names_of(marketplace.name)
            plugins = tuple(self._offered(marketplace, entry, enabled, installed) for entry in entries[:MOST_LISTED])
            if plugins:
                offers.append(Offer(marketplace=marketplace, plugins=plugins))
        return Offers(offers=tuple(offers), errors=tuple(errors))

    def installed(self, config: EffectiveConfig, folders: Iterable[Path], *, also: Collection[str]) -> Offers:
        """Return what is installed of marketplaces, and what of them has one of these names."""
        found = self._found(config, folders)
        enabled = enabled_plugins(config)
        offers: list[Offer] = []
        for marketplace in found.marketplaces:
            there = self._store.names_of(marketplace.name)
            plugins = tuple(
                plugin
                for entry in marketplace.entries
                if entry.is_for(self._product)
                and (entry.id.name in also or entry.id.name in there)
                and (
                    (plugin := self._offered(marketplace, entry, enabled, there)).is_installed or entry.id.name in also
                )
            )
            if plugins:
                offers.append(Offer(marketplace=marketplace, plugins=plugins[:MOST_LISTED]))
        return Offers(offers=tuple(offers), errors=found.errors)

    def without_marketplace(self, config: EffectiveConfig, folders: Iterable[Path]) -> Sequence[PluginId]:
        """Return the installed plugins in use that no list shows, since their marketplace is not there."""
        there = {marketplace.name for marketplace in self._found(config, folders).marketplaces}
        return [
            plugin_id
            for plugin_id in enabled_plugins(config)
            if plugin_id.marketplace not in there and self._store.root_of(plugin_id) is not None
        ]

    def search(
        self, config: EffectiveConfig, folders: Iterable[Path], term: str
    ) -> Sequence[tuple[Marketplace, OfferedPlugin]]:
        """Return what has all words of a term in its name, in what it says of itself, or in its keywords."""
        words = term.casefold().split()
        if not words:
            return ()
        found = self._found(config, folders)
        enabled = enabled_plugins(config)
        return [
            (marketplace, plugin)
            for marketplace in found.marketplaces
            for there in [self._store.names_of(marketplace.name)]
            for entry in marketplace.entries
            if entry.is_for(self._product) and _has(plugin := self._offered(marketplace, entry, enabled, there), words)
        ]

    def read(self, config: EffectiveConfig, path: Path, name: str) -> tuple[Marketplace, OfferedPlugin, PluginParts]:
        """Return all about a plugin of a marketplace's file. Raises PluginRefused."""
        if not config.feature(FEATURE):
            raise PluginRefused("plugins feature is disabled")
        marketplace = self._finder.read(path)
        check_allowed(config, marketplace)
        entry = marketplace.find(name)
        if entry is None or not entry.is_for(self._product):
            raise PluginRefused(f"plugin `{name}` was not found in marketplace `{marketplace.name}`")
        there = self._store.names_of(marketplace.name)
        plugin = self._offered(marketplace, entry, enabled_plugins(config), there)
        data = self._store.data_of(entry.id)
        if plugin.folder is None:
            return marketplace, plugin, PluginParts(id=str(entry.id), name=name, root=data, data=data)
        found = manifest_for(entry.id.name, entry.given, plugin.folder) if plugin.folder.is_dir() else None
        if found is None:
            raise PluginRefused("missing or invalid plugin.json")
        parts = plugin_parts(entry.id, found[0], root=plugin.folder, data=data, with_hash=False)
        return marketplace, plugin, parts

    def _found(self, config: EffectiveConfig, folders: Iterable[Path]) -> FoundMarketplaces:
        return self._finder.find(config, folders) if config.feature(FEATURE) else FoundMarketplaces()

    def _offered(
        self,
        marketplace: Marketplace,
        entry: MarketplaceEntry,
        enabled: Collection[PluginId],
        there: Collection[str],
    ) -> OfferedPlugin:
        """Return a plugin as it is; `there` are those of its marketplace that may be installed."""
        root = self._store.root_of(entry.id) if entry.id.name in there else None
        named = entry.source.path if isinstance(entry.source, LocalSource) else root
        folder, manifest = (None, None) if named is None else self._looked_at(marketplace, entry, named)
        return OfferedPlugin(
            entry=entry,
            folder=folder,
            manifest=manifest,
            is_installed=root is not None,
            is_enabled=root is not None and entry.id in enabled,
        )

    def _looked_at(
        self, marketplace: Marketplace, entry: MarketplaceEntry, folder: Path
    ) -> tuple[Path | None, Manifest | None]:
        """Return a plugin's folder, None for one that links lead out of its marketplace, and what it says of itself."""
        looks = _looks(folder)
        key = (folder, entry.id)
        known = self._known.get(key)
        if known is not None and known.looks == looks and known.entry is entry:
            return known.folder, known.manifest
        is_inside = not isinstance(entry.source, LocalSource) or (
            # What a marketplace names stays in it but for links.
            not os.path.lexists(folder) or stays_inside(marketplace.root, folder)
        )
        known = _Known(looks, entry, folder if is_inside else None, _manifest(entry, folder) if is_inside else None)
        self._known.pop(key, None)
        while len(self._known) >= _MOST_MANIFESTS:
            self._known.pop(next(iter(self._known)))
        self._known[key] = known
        return known.folder, known.manifest


def _manifest(entry: MarketplaceEntry, folder: Path) -> Manifest | None:
    """Return what a plugin says of itself; None where it says nothing that can be used."""
    try:
        found = manifest_for(entry.id.name, entry.given, folder)
    except PluginRefused:
        return None
    return None if found is None else found[0]


def described_source(source: GitSource) -> str:
    """Return where a plugin comes from, for people."""
    parts = [source.url]
    parts += [
        f"{word} `{said}`" for word, said in (("path", source.path), ("ref", source.ref), ("sha", source.sha)) if said
    ]
    return ", ".join(parts)


def _has(plugin: OfferedPlugin, words: Iterable[str]) -> bool:
    text = "\n".join(_texts(plugin)).casefold()
    return all(word in text for word in words)


def _texts(plugin: OfferedPlugin) -> Iterator[str]:
    yield plugin.entry.id.name
    manifest = plugin.manifest
    if manifest is None:
        return
    yield manifest.description or ""
    yield from manifest.keywords
    shown = manifest.interface
    if shown is not None:
        yield from filter(None, (shown.display_name, shown.short_description, shown.long_description))


def _looks(folder: Path) -> _Looks:
    """Return how the file looks that says what a plugin is: the first that there is."""
    for name in FOLDERS:
        try:
            status = os.stat(f"{folder}/{name}/plugin.json")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            return (name, error.errno)
        return (name, status.st_ino, status.st_size, status.st_mtime_ns)
    return ()

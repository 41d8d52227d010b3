"""Which marketplaces there are: the user's own, those that the configuration names, and those of folders of work.

Owns finding and reading them; one that cannot be read is told of and hides no other. Blocking.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.config.project import git_root
from codex_trio.config.settings import EffectiveConfig
from codex_trio.extensions.plugins.marketplace import Marketplace, marketplace_file, read_marketplace
from codex_trio.extensions.plugins.names import PluginRefused, is_name
from codex_trio.util.loose_json import table_of

FETCHED = Path(".tmp/marketplaces")
"""Where those that git has fetched lie below `CODEX_HOME`."""

MOST_KEPT = 256
"""Files that are remembered as they were read last."""

_Fingerprint = tuple[int, int, int]


class FoundMarketplaces(msgspec.Struct, frozen=True, kw_only=True):
    """Marketplaces, and the files that could not be read, and why."""

    marketplaces: tuple[Marketplace, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()


class MarketplaceFinder:
    """Finds marketplaces, and remembers what their files said while those stay as they are.

    `home` is the user's home folder; None where there is none.
    """

    def __init__(self, home: Path | None) -> None:
        self._home = home
        self._read: dict[Path, tuple[_Fingerprint, Marketplace]] = {}

    def find(self, config: EffectiveConfig, folders: Iterable[Path] = ()) -> FoundMarketplaces:
        """Return the marketplaces under a configuration, and those of folders; each once, in this order.

        Where an administrator restricts them, only what the configuration names is allowed.
        """
        found: dict[Path, Marketplace] = {}
        errors: dict[str, str] = {}
        for folder, name in self._folders(config, folders):
            path = marketplace_file(folder)
            if path is None:
                if name is not None:
                    errors[str(folder)] = f"marketplace `{name}` has no marketplace.json in {folder}"
                continue
            if path in found:
                continue
            try:
                found[path] = self.read(path)
            except PluginRefused as problem:
                errors[str(path)] = str(problem)
        return FoundMarketplaces(marketplaces=tuple(found.values()), errors=tuple(errors.items()))

    def read(self, path: Path) -> Marketplace:
        """Return what a marketplace's file says. Raises PluginRefused."""
        try:
            status = path.stat()
        except OSError:
            return read_marketplace(path)
        fingerprint = (status.st_ino, status.st_size, status.st_mtime_ns)
        kept = self._read.get(path)
        if kept is not None and kept[0] == fingerprint:
            return kept[1]
        marketplace = read_marketplace(path)
        self._read.pop(path, None)
        while len(self._read) >= MOST_KEPT:
            self._read.pop(next(iter(self._read)))
        self._read[path] = (fingerprint, marketplace)
        return marketplace

    def _folders(self, config: EffectiveConfig, folders: Iterable[Path]) -> Iterator[tuple[Path, str | None]]:
        """Yield folders to look into, with the name by which the configuration knows them."""
        is_restricted = config.requirements.marketplaces is not None
        if self._home is not None and not is_restricted:
            yield self._home, None
        for name, folder in configured_folders(config):
            yield folder, name
        for folder in () if is_restricted else folders:
            if marketplace_file(folder) is not None:
                yield folder, None
            elif (root := git_root(folder)) is not None:
                yield root, None


def check_allowed(config: EffectiveConfig, marketplace: Marketplace) -> None:
    """Raise PluginRefused where an administrator does not let anything of a marketplace be used."""
    rules = config.requirements.marketplaces
    if rules is None:
        return
    if any(_is_file_of(marketplace.path, folder) for _name, folder in configured_folders(config)):
        return
    table = table_of(table_of(config.stack.merged.get("marketplaces")).get(marketplace.name))
    problem = (rules.problem(table) if table else None) or rules.not_configured(marketplace.name)
    raise PluginRefused(f"invalid marketplace file `{marketplace.path}`: {problem}")


def _is_file_of(path: Path, folder: Path) -> bool:
    file = marketplace_file(folder)
    try:
        return file is not None and os.path.samefile(file, path)
    except OSError:
        return False


def configured_folders(config: EffectiveConfig) -> list[tuple[str, Path]]:
    """Return the marketplaces that a configuration names, with their folders, in the order of their names."""
    tables: Mapping[str, Any] = table_of(config.merged.get("marketplaces"))
    found: list[tuple[str, Path]] = []
    for name in sorted(tables):
        table = table_of(tables[name])
        if not is_name(name):
            continue
        if table.get("source_type") == "local" and isinstance(table.get("source"), str):
            found.append((name, Path(table["source"])))
        elif table.get("source_type") == "git":
            found.append((name, config.codex_home / FETCHED / name))
    return found

"""Adding, removing and upgrading marketplaces: what the user's file names, and what of it is fetched.

Owns where fetched ones lie, that each is there whole or not at all, and telling whether one has changed. Does not own
git (`fetching`), or installed plugins.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import trio

from codex_trio.config.edit import Edit
from codex_trio.config.service import ConfigService
from codex_trio.config.settings import EffectiveConfig
from codex_trio.config.write import write_edits
from codex_trio.extensions.plugins.discovery import FETCHED
from codex_trio.extensions.plugins.fetching import GitFetcher
from codex_trio.extensions.plugins.marketplace import PLACES, Marketplace, marketplace_file, read_marketplace
from codex_trio.extensions.plugins.names import (
    RESERVED_MARKETPLACES,
    PluginFailed,
    PluginId,
    PluginRefused,
    check_marketplace_name,
)
from codex_trio.extensions.plugins.sources import MarketplaceSource, marketplace_source
from codex_trio.extensions.plugins.store import (
    PluginStore,
    open_workplace,
    put_in_place,
    remove_tree,
    sweep_workplaces,
)
from codex_trio.util.loose_json import table_of
from codex_trio.util.regular_file import read_start

_NOTE = ".codex-marketplace-install.json"
"""What was fetched, beside it."""

_MOST_NOTE_BYTES = 64 * 1024

Renew = Callable[[Marketplace], Awaitable[list[tuple[PluginId, str]]]]
"""Brings what is installed of a marketplace up to date; returns what could not be, and why."""


class AddedMarketplace(msgspec.Struct, frozen=True, kw_only=True):
    """A marketplace that is configured now, and whether it was before."""

    name: str
    root: Path
    already: bool


class MarketplaceUpgrade(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking for newer marketplaces: those that were asked about, what is new, and what failed."""

    selected: list[str]
    roots: list[Path]
    errors: list[tuple[str, str]]


class Marketplaces:
    def __init__(self, config: ConfigService, store: PluginStore, fetcher: GitFetcher) -> None:
        self._config = config
        self._store = store
        self._fetcher = fetcher
        self._folder = config.paths.codex_home / FETCHED
        self._staging = self._folder / ".staging"

    async def add(self, text: str, *, ref: str | None, sparse_paths: list[str] | None) -> AddedMarketplace:
        """Add a marketplace to the user's configuration; a repository is fetched.

        Raises PluginRefused, PluginFailed, ConfigLoadError, ConfigWriteError.
        """
        source = await trio.to_thread.run_sync(
            lambda: marketplace_source(
                text,
                ref=ref,
                sparse_paths=sparse_paths,
                cwd=self._config.resolve_cwd(None),
                home=self._config.paths.home,
            )
        )
        await trio.to_thread.run_sync(self._check_allowed, source.table)
        known = (await self._configured()).items()
        for name, table in known:
            root = self._root(name, table)
            if source.is_of(table) and await trio.to_thread.run_sync(marketplace_file, root) is not None:
                return AddedMarketplace(name=name, root=root, already=True)
        if source.folder is not None:
            folder = source.folder
            return await trio.to_thread.run_sync(lambda: self._put_down(_named(folder), source, None))
        try:
            with open_workplace(self._staging) as workplace:
                checkout = workplace / "checkout"
                commit = await self._fetcher.fetch(
                    source.source, checkout, ref=source.ref, sparse_paths=source.sparse_paths
                )
                await trio.to_thread.run_sync(_finish, checkout, source, commit)
                return await trio.to_thread.run_sync(lambda: self._put_down(_named(checkout), source, checkout))
        except OSError as error:
            raise PluginFailed(f"failed to keep {source.source}: {error.strerror} ({error.filename})") from error

    async def remove(self, name: str) -> Path | None:
        """Remove a marketplace; return the folder that was removed with it. Its plugins stay.

        Raises PluginRefused, PluginFailed, ConfigLoadError, ConfigWriteError.
        """
        check_marketplace_name(name)
        table = (await self._configured()).get(name)
        root = self._folder / name

        def remove() -> Path | None:
            with self._store.changing():
                write_edits(self._config, [Edit(path=("marketplaces", name), value=None, merge=False)])
                if not os.path.lexists(root):
                    return None
                with open_workplace(self._staging) as workplace:
                    os.rename(root, workplace / "removed")
                return root

        if table is None and not await trio.to_thread.run_sync(os.path.lexists, root):
            raise PluginRefused(f"marketplace `{name}` is not configured or installed")
        try:
            return await trio.to_thread.run_sync(remove)
        except OSError as error:
            raise PluginFailed(f"failed to remove marketplace {name}: {error.strerror}") from error

    async def upgrade(self, name: str | None, *, renew: Renew) -> MarketplaceUpgrade:
        """Fetch marketplaces anew that have changed, all or one. What fails is in the result.

        Raises PluginRefused for one that is not fetched, ConfigLoadError.
        """
        fetched = {known: table for known, table in (await self._configured()).items() if _is_fetched(table)}
        if name is not None and name not in fetched:
            raise PluginRefused(f"marketplace `{name}` is not configured as a Git marketplace")
        upgrade = MarketplaceUpgrade(selected=sorted(fetched) if name is None else [name], roots=[], errors=[])
        for selected in upgrade.selected:
            try:
                await trio.to_thread.run_sync(self._check_allowed, fetched[selected])
                marketplace = await self._upgrade(selected, _source_of(fetched[selected]))
                if marketplace is not None:
                    upgrade.roots.append(marketplace.root)
                    problems = await renew(marketplace)
                    upgrade.errors.extend((selected, f"{plugin_id}: {problem}") for plugin_id, problem in problems)
            except (PluginFailed, PluginRefused) as problem:
                upgrade.errors.append((selected, str(problem)))
            except OSError as error:
                upgrade.errors.append((selected, f"{error.strerror} ({error.filename})"))
        return upgrade

    def sweep(self) -> None:
        """Remove what processes that died have left. Blocking."""
        sweep_workplaces(self._staging)

    async def _upgrade(self, name: str, source: MarketplaceSource) -> Marketplace | None:
        """Return the marketplace as it is now, when it has changed."""
        check_marketplace_name(name)
        root = self._folder / name
        newest = await self._fetcher.newest(source.source, ref=source.ref)
        if newest is not None and await trio.to_thread.run_sync(_noted, root) == _note(source, newest):
            return None
        with open_workplace(self._staging) as workplace:
            checkout = workplace / "checkout"
            commit = await self._fetcher.fetch(
                source.source, checkout, ref=source.ref, sparse_paths=source.sparse_paths
            )
            await trio.to_thread.run_sync(_finish, checkout, source, commit)
            found = await trio.to_thread.run_sync(_named, checkout)
            if found.name != name:
                raise PluginRefused(
                    f"upgraded marketplace name `{found.name}` does not match configured marketplace `{name}`"
                )

            def put() -> Marketplace:
                with self._store.changing():
                    put_in_place(checkout, root)
                return _named(root)

            return await trio.to_thread.run_sync(put)

    def _put_down(self, found: Marketplace, source: MarketplaceSource, checkout: Path | None) -> AddedMarketplace:
        """Note a marketplace in the user's file, with what was fetched in its place. Blocking."""
        name = found.name
        if name in RESERVED_MARKETPLACES:
            raise PluginRefused(f"marketplace `{name}` is reserved and cannot be added from this source")
        with self._store.changing():
            table = _tables(self._config.load()).get(name)
            if table is not None and not source.is_of(table):
                raise PluginRefused(
                    f"marketplace '{name}' is already added from a different source; remove it before adding this "
                    "source"
                )
            root = found.root
            if checkout is not None:
                root = self._folder / name
                put_in_place(checkout, root)
            edit = Edit(path=("marketplaces", name), value=source.table, merge=False)
            write_edits(self._config, [edit])
        return AddedMarketplace(name=name, root=root, already=False)

    def _check_allowed(self, table: dict[str, Any]) -> None:
        """Raise PluginRefused for a source that an administrator does not allow, ConfigLoadError where none can tell"""
        rules = self._config.requirements().marketplaces
        problem = None if rules is None else rules.problem(table)
        if problem is not None:
            raise PluginRefused(problem)

    async def _configured(self) -> dict[str, dict[str, Any]]:
        return _tables(await trio.to_thread.run_sync(self._config.load))

    def _root(self, name: str, table: dict[str, Any]) -> Path:
        return self._folder / name if _is_fetched(table) else Path(str(table.get("source")))


def _tables(config: EffectiveConfig) -> dict[str, dict[str, Any]]:
    # Those too that an administrator does not allow: they can be removed.
    return {name: table_of(table) for name, table in table_of(config.stack.merged.get("marketplaces")).items()}


def _is_fetched(table: dict[str, Any]) -> bool:
    return table.get("source_type") == "git" and isinstance(table.get("source"), str)


def _source_of(table: dict[str, Any]) -> MarketplaceSource:
    return MarketplaceSource(
        source=table["source"], ref=table.get("ref"), sparse_paths=tuple(table.get("sparse_paths") or ())
    )


def _named(folder: Path) -> Marketplace:
    """Return the marketplace of a folder. Raises PluginRefused."""
    path = marketplace_file(folder)
    if path is None:
        raise PluginRefused(
            f"invalid marketplace file `{folder}`: marketplace root does not contain a supported manifest "
            f"({' or '.join(str(place) for place in PLACES)})"
        )
    return read_marketplace(path)


def _finish(checkout: Path, source: MarketplaceSource, commit: str) -> None:
    """Leave of a repository what its commit has, and a note of which one that is."""
    remove_tree(checkout / ".git")
    path = checkout / _NOTE
    if path.is_symlink() or path.exists():
        path.unlink()
    path.write_bytes(msgspec.json.encode(_note(source, commit)))


def _note(source: MarketplaceSource, commit: str) -> dict[str, Any]:
    return {**source.table, "revision": commit}


def _noted(root: Path) -> Any:
    try:
        return msgspec.json.decode(read_start(root / _NOTE, limit=_MOST_NOTE_BYTES))
    except (OSError, msgspec.DecodeError):
        return None

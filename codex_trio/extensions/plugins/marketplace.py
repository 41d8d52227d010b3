"""A marketplace: a file that lists plugins and where they come from.

Owns reading it, as checked values. Does not own which marketplaces there are (`discovery`), or the plugins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from codex_trio.extensions.plugins.inside import named_path
from codex_trio.extensions.plugins.names import PluginId, PluginRefused, is_name
from codex_trio.util import decoding
from codex_trio.util.loose_json import table_of
from codex_trio.util.regular_file import read_whole
from codex_trio.util.visible import with_unseen

PLACES = (Path(".agents/plugins/marketplace.json"), Path(".claude-plugin/marketplace.json"))
"""Where the file lies in its folder, and in which order it is looked for."""

MAX_FILE_BYTES = 16 << 20

_MAX_SHOWN = 64

_Installation = Literal["NOT_AVAILABLE", "AVAILABLE", "INSTALLED_BY_DEFAULT"]
_Authentication = Literal["ON_INSTALL", "ON_USE"]


class LocalSource(msgspec.Struct, frozen=True):
    """A folder of the marketplace."""

    path: Path


class GitSource(msgspec.Struct, frozen=True, kw_only=True):
    """A repository, or a folder in one. None takes its root and its usual branch."""

    url: str
    path: str | None = None
    ref: str | None = None
    sha: str | None = None


class NpmSource(msgspec.Struct, frozen=True, kw_only=True):
    """A package of an npm registry."""

    package: str
    version: str | None = None
    registry: str | None = None


class _Policy(msgspec.Struct, frozen=True):
    installation: _Installation = "AVAILABLE"
    authentication: _Authentication = "ON_INSTALL"
    products: tuple[str, ...] | None = None


class _Interface(msgspec.Struct, frozen=True, rename="camel"):
    display_name: str | None = None


class _NoEntry(Exception):
    """Nothing can be installed by an entry. Its text says why."""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    interface: _Interface | None = None
    plugins: list[Any] = []


class MarketplaceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin that a marketplace has. `given` is all that it says of it."""

    id: PluginId
    source: LocalSource | GitSource | NpmSource
    installation: _Installation
    authentication: _Authentication
    products: tuple[str, ...] | None
    category: str | None
    given: Mapping[str, Any]

    def is_for(self, product: str | None) -> bool:
        """Return whether a product may have it; None is a product of which nothing is known."""
        if self.products is None:
            return True
        return product is not None and product in (name.casefold() for name in self.products)


class Marketplace(msgspec.Struct, frozen=True, kw_only=True):
    """A marketplace that could be read. `path` is its file, `root` the folder that its paths count from."""

    name: str
    path: Path
    root: Path
    display_name: str | None
    entries: tuple[MarketplaceEntry, ...]
    passed_over: tuple[str, ...] = ()
    """Why entries count for nothing, with their names or places."""

    def find(self, name: str) -> MarketplaceEntry | None:
        """Return the plugin of a name."""
        return next((entry for entry in self.entries if entry.id.name == name), None)


def marketplace_file(folder: Path) -> Path | None:
    """Return the file of a marketplace's folder; None where there is none. Blocking."""
    return next((folder / place for place in PLACES if (folder / place).is_file()), None)


def root_of(path: Path) -> Path:
    """Return the folder of a marketplace's file; where it lies elsewhere than usual, the one that it lies in."""
    place = next((place for place in PLACES if path.parts[-len(place.parts) :] == place.parts), None)
    return path.parents[len(place.parts) - 1] if place is not None else path.parent


def read_marketplace(path: Path) -> Marketplace:
    """Return what a file says. Blocking. Raises PluginRefused for one that cannot be used."""
    try:
        text = read_whole(path, limit=MAX_FILE_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PluginRefused(f"marketplace file `{path}` does not exist") from error
    except OSError as error:
        raise PluginRefused(f"invalid marketplace file `{path}`: {error.strerror}") from error
    try:
        return marketplace_of(path, decoding.convert(msgspec.json.decode(text), _File))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise PluginRefused(f"invalid marketplace file `{path}`: {error}") from error


def marketplace_of(path: Path, file: _File) -> Marketplace:
    """Return what a decoded file says. Entries that name no usable plugin are passed over, as is a second of a name."""
    if not is_name(file.name):
        raise PluginRefused("invalid marketplace name: only ASCII letters, digits, `_`, and `-` are allowed")
    root = root_of(path)
    entries: dict[str, MarketplaceEntry] = {}
    passed_over: list[str] = []
    for number, given in enumerate(file.plugins):
        try:
            entry = _entry(given, file.name, root)
            if entry.id.name in entries:
                raise _NoEntry("there is one of its name before it")
            entries[entry.id.name] = entry
        except _NoEntry as problem:
            name = table_of(given).get("name")
            shown = with_unseen(" ".join(name[:_MAX_SHOWN].split())) if isinstance(name, str) else f"plugins[{number}]"
            passed_over.append(f"`{shown}` ({problem})")
    return Marketplace(
        name=file.name,
        path=path,
        root=root,
        display_name=None if file.interface is None else file.interface.display_name,
        entries=tuple(entries.values()),
        passed_over=tuple(passed_over),
    )


def _entry(document: Any, marketplace: str, root: Path) -> MarketplaceEntry:
    """Return a plugin. Raises _NoEntry for what names no usable one."""
    given = table_of(document)
    name, category = given.get("name"), given.get("category")
    if not isinstance(name, str) or not is_name(name):
        raise _NoEntry("its name must be of ASCII letters, digits, `_` and `-`")
    try:
        policy = decoding.convert(given.get("policy") or {}, _Policy)
    except msgspec.ValidationError as error:
        raise _NoEntry(f"its policy cannot be read: {error}") from None
    source = _source(given.get("source"), root)
    if source is None:
        raise _NoEntry("its source is no folder of the marketplace (./path), repository or npm package")
    return MarketplaceEntry(
        id=PluginId(name, marketplace),
        source=source,
        installation=policy.installation,
        authentication=policy.authentication,
        products=policy.products,
        category=category if isinstance(category, str) else None,
        given=given,
    )


def _source(given: Any, root: Path) -> LocalSource | GitSource | NpmSource | None:
    if isinstance(given, str):
        given = {"source": "local", "path": given}
    table = table_of(given)
    kind = table.get("source")
    try:
        if kind == "local":
            path = named_path(root, table.get("path"))
            return None if path is None else LocalSource(path)
        if kind == "url":
            return _git(decoding.convert(table, GitSource))
        if kind == "git-subdir" and "path" in table:
            return _git(decoding.convert(table, GitSource))
        if kind == "npm":
            return decoding.convert(table, NpmSource)
    except msgspec.ValidationError:
        return None
    return None


def _git(source: GitSource) -> GitSource | None:
    words = (source.url, source.ref or "x", source.sha or "x")
    if any(not word or word.startswith("-") or "\0" in word for word in words):
        return None
    if not is_repository_url(source.url):
        return None
    parts = (source.path or "").split("/")
    return None if ".." in parts or "\0" in (source.path or "") else source


def is_repository_url(url: str) -> bool:
    """Return whether git may be asked for a repository there: addresses of the web, of ssh, and folders."""
    if url.startswith(("https://", "http://", "ssh://", "file:///", "/")):
        return True
    host, colon, path = url.partition(":")
    return bool(colon and path and "/" not in host and "@" in host and not path.startswith(":"))

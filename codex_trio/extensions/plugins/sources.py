"""What a user gives as the source of a marketplace: a folder, a repository, or a name at GitHub.

Owns reading it. Synchronous; folders are looked at.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.config.marketplace_rules import github_repository
from codex_trio.extensions.plugins.marketplace import is_repository_url
from codex_trio.extensions.plugins.names import PluginRefused

_MOST_SPARSE_PATHS = 100


class MarketplaceSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where a marketplace comes from, as `[marketplaces.NAME]` keeps it. `folder` is that of a local one."""

    source: str
    folder: Path | None = None
    ref: str | None = None
    sparse_paths: tuple[str, ...] = ()

    @property
    def table(self) -> dict[str, Any]:
        """The same, as a table of the configuration."""
        table: dict[str, Any] = {"source_type": "git" if self.folder is None else "local", "source": self.source}
        if self.ref is not None:
            table["ref"] = self.ref
        if self.sparse_paths:
            table["sparse_paths"] = list(self.sparse_paths)
        return table

    def is_of(self, table: dict[str, Any]) -> bool:
        """Return whether a table of the configuration says the same."""
        keys = ("source_type", "source", "ref", "sparse_paths")
        return {key: table[key] for key in keys if table.get(key)} == self.table


def marketplace_source(
    text: str, *, ref: str | None, sparse_paths: list[str] | None, cwd: Path, home: Path | None
) -> MarketplaceSource:
    """Return what a user means; a relative folder counts from `cwd`. Raises PluginRefused."""
    text = text.strip()
    if not text:
        raise PluginRefused("marketplace source must not be empty")
    if text.startswith(("/", "./", "../", "~/")) or text in (".", "..", "~"):
        folder = _folder(text, cwd, home)
        if ref is not None:
            raise PluginRefused("--ref is only supported for git marketplace sources")
        if sparse_paths:
            raise PluginRefused("--sparse is only supported for git marketplace sources")
        return MarketplaceSource(source=str(folder), folder=folder)
    url, named_ref = _repository(text)
    ref = ref or named_ref
    if ref is not None and (ref.startswith("-") or not ref.isprintable() or " " in ref or ":" in ref):
        raise PluginRefused(f"invalid git ref `{ref}`: name a branch, a tag or a commit")
    return MarketplaceSource(source=url, ref=ref, sparse_paths=_sparse_paths(sparse_paths or []))


def _folder(text: str, cwd: Path, home: Path | None) -> Path:
    if text.startswith("~"):
        if home is None:
            raise PluginRefused("marketplace source begins with ~, but there is no HOME")
        text = str(home) + text[1:]
    try:
        folder = Path(os.path.realpath(cwd / text, strict=True))
    except OSError as error:
        raise PluginRefused(
            f"failed to resolve local marketplace source path: {error.strerror} (os error {error.errno}): {cwd / text}"
        ) from error
    if not folder.is_dir():
        raise PluginRefused("local marketplace source must be a directory, not a file")
    return folder


def _repository(text: str) -> tuple[str, str | None]:
    github = github_repository(text)
    if github is not None:
        return github
    url, _hash, ref = text.partition("#")
    is_printable = url.isprintable() and " " not in url
    if not is_printable or url.startswith(("/", "file:", "-")) or not is_repository_url(url):
        raise PluginRefused(
            "invalid marketplace source format; expected owner/repo, a git URL, or a local marketplace path"
        )
    return url, ref or None


def _sparse_paths(given: list[str]) -> tuple[str, ...]:
    for path in given:
        parts = path.strip("/").split("/")
        if not path.strip("/") or ".." in parts or path.startswith("-") or not path.isprintable():
            raise PluginRefused(f"invalid sparse path `{path}`: name a folder of the repository")
    if len(given) > _MOST_SPARSE_PATHS:
        raise PluginRefused(f"there are {len(given)} sparse paths; {_MOST_SPARSE_PATHS} at most are possible")
    return tuple(given)

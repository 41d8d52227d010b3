"""From which sources an administrator lets plugin marketplaces come.

Owns: the allowed sources as values, whether a marketplace of the configuration is from one of them, and the words for
one that is not. Looks at folders, to tell links from what they lead to. Does not own: the requirements file
(`requirement_files`), or marketplaces (`extensions/plugins`).
"""

import os
import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec

from codex_trio.util.plain_pattern import occurs, pattern_problem

_GITHUB = re.compile(r"(?P<owner>[A-Za-z0-9][A-Za-z0-9-]*)/(?P<name>[A-Za-z0-9._-]+?)(?:\.git)?(?:@(?P<ref>[^@\s]+))?")
_SECURE_COPY = re.compile(r"(?:[^@/:\s]+@)?(?P<host>[^/:@\s]+):(?!//)")
_OF_KIND = {"git": "url", "host_pattern": "host_pattern", "local": "path"}
"""Which key says what a kind of source is about."""


class AllowedSource(msgspec.Struct, frozen=True, kw_only=True):
    """One source: a repository, at any ref or at one; all of some hosts, by a regular expression; or a folder."""

    url: str | None = None
    ref: str | None = None
    hosts: str | None = None
    folder: str | None = None

    def allows(self, source: str, *, is_fetched: bool, ref: str | None) -> bool:
        """Return whether a source as the configuration names it is this one."""
        if self.folder is not None:
            return not is_fetched and os.path.realpath(source) == os.path.realpath(self.folder)
        if not is_fetched:
            return False
        if self.hosts is not None:
            host = host_of(source)
            return host is not None and occurs(self.hosts, host)
        return _plain_url(source) == self.url and self.ref in (None, ref)


class MarketplaceRules(msgspec.Struct, frozen=True, kw_only=True):
    """The only sources that marketplaces may have, and the file that says so."""

    allowed: tuple[AllowedSource, ...]
    source: str

    def problem(self, table: Mapping[str, Any]) -> str | None:
        """Return why a `[marketplaces.NAME]` table is not allowed."""
        source, ref = table.get("source"), table.get("ref")
        if not isinstance(source, str) or not (ref is None or isinstance(ref, str)):
            return f"a marketplace without a source is not allowed by requirements from {self.source}"
        is_fetched = table.get("source_type") != "local"
        if any(one.allows(source, is_fetched=is_fetched, ref=ref) for one in self.allowed):
            return None
        named = source if ref is None else f"{source}#{ref}"
        return f"marketplace source `{named}` is not allowed by requirements from {self.source}"

    def not_configured(self, name: str) -> str:
        """Return why nothing of a marketplace can be used that the configuration does not name."""
        return (
            f"marketplace `{name}` must be added to config before plugins can be installed while marketplace source "
            f"restrictions are enabled (set by {self.source})"
        )


def read_rules(table: Mapping[str, Any], source: str) -> MarketplaceRules | None:
    """Return the rules of a checked `[marketplaces]` table; None where it restricts nothing."""
    if table.get("restrict_to_allowed_sources") is not True:
        return None
    given = cast("dict[str, dict[str, Any]]", table.get("allowed_sources", {}))
    return MarketplaceRules(allowed=tuple(map(_allowed, given.values())), source=source)


def without_links(table: dict[str, Any]) -> dict[str, Any]:
    """Return an allowed table as it is, with the folder that was allowed rather than a link that may lead elsewhere."""
    return table if table.get("source_type") != "local" else {**table, "source": os.path.realpath(table["source"])}


def source_problem(given: Mapping[str, Any]) -> str | None:
    """Return what is wrong with an allowed source of the right kind."""
    kind = given.get("source")
    if kind is None:
        return "missing source"
    about = _OF_KIND[kind]
    if not given.get(about):
        return f"missing {about}"
    if kind == "local" and not os.path.isabs(given["path"]):
        return "local path must be absolute"
    if kind == "host_pattern":
        problem = pattern_problem(given["host_pattern"])
        if problem is not None:
            return f"host_pattern cannot be used as a regular expression: {problem}"
    return None


def github_repository(text: str) -> tuple[str, str | None] | None:
    """Return the URL, and the ref, of a repository that is named as at GitHub (`owner/name`, `owner/name@ref`)."""
    found = _GITHUB.fullmatch(text)
    return None if found is None else (f"https://github.com/{found['owner']}/{found['name']}.git", found["ref"])


def host_of(url: str) -> str | None:
    """Return the host of a repository's address, in small letters."""
    copied = _SECURE_COPY.match(url)
    if copied is not None:
        return copied["host"].lower()
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _allowed(given: Mapping[str, Any]) -> AllowedSource:
    match given["source"]:
        case "local":
            return AllowedSource(folder=given["path"])
        case "host_pattern":
            return AllowedSource(hosts=given["host_pattern"])
        case _:
            return AllowedSource(url=_plain_url(given["url"]), ref=given.get("ref"))


def _plain_url(text: str) -> str:
    github = github_repository(text)
    return text.rstrip("/") if github is None else github[0]

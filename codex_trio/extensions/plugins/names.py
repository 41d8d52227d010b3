"""The names of plugins, marketplaces and versions, each of which is a folder of the cache.

Owns which are allowed, and the errors of this package.
"""

from __future__ import annotations

import re

import msgspec

_SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,128}")
_REMOTE = re.compile(r"[A-Za-z0-9_~-]+")
_VERSION = re.compile(r"[A-Za-z0-9.+_-]{1,128}")

NO_CATALOGUE = "chatgpt authentication required for remote plugin catalog"
"""Why nothing of a vendor's catalogue is to be had, as clients know it. This server has no such login."""

RESERVED_MARKETPLACES = frozenset({"openai-curated", "openai-bundled", "openai-primary-runtime"})
"""Names of the vendor's own marketplaces."""


class PluginRefused(Exception):
    """What was asked for cannot be done as it is; the text says why, and what to change."""


class PluginFailed(Exception):
    """What was asked for was fine and did not work, like a fetch."""


class PluginId(msgspec.Struct, frozen=True, order=True):
    """`name@marketplace`."""

    name: str
    marketplace: str

    def __str__(self) -> str:
        return f"{self.name}@{self.marketplace}"


def is_name(text: str) -> bool:
    """Return whether a plugin or marketplace may be called so."""
    return _SEGMENT.fullmatch(text) is not None


def parse_id(text: str) -> PluginId | None:
    """Return the plugin that an id names; None for what is no id."""
    name, at, marketplace = text.partition("@")
    return PluginId(name, marketplace) if at and is_name(name) and is_name(marketplace) else None


def check_marketplace_name(name: str) -> None:
    """Raise PluginRefused for a name that no marketplace may have."""
    if not is_name(name):
        raise PluginRefused("invalid marketplace name: only ASCII letters, digits, `_`, and `-` are allowed")


def check_remote_id(text: str) -> None:
    """Raise PluginRefused for what is no id of a plugin of a vendor's catalogue."""
    if not is_remote_id(text):
        raise PluginRefused("invalid remote plugin id: only ASCII letters, digits, `_`, `-`, and `~` are allowed")


def is_remote_id(text: str) -> bool:
    """Return whether a plugin of a vendor's catalogue may have this id."""
    return _REMOTE.fullmatch(text) is not None


def check_version(version: str) -> None:
    """Raise PluginRefused for a version that no folder may be called by."""
    if version in (".", ".."):
        raise PluginRefused("invalid plugin version: path traversal is not allowed")
    if not _VERSION.fullmatch(version):
        raise PluginRefused(
            "invalid plugin version: only ASCII letters, digits, `.`, `+`, `_`, and `-` are allowed, 128 at most"
        )


def is_version(name: str) -> bool:
    """Return whether a folder of the cache may hold a version."""
    return name not in (".", "..") and not name.startswith(".") and _VERSION.fullmatch(name) is not None

"""What a plugin brings along, as the other extensions take it up: the seam between plugins and all else.

Owns the value. Does not own plugins: whoever has them says for a configuration which parts there are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.config.settings import EffectiveConfig


class PluginApp(msgspec.Struct, frozen=True, kw_only=True):
    """An app of the vendor's service that a plugin uses, by the name that it has there."""

    name: str
    id: str


class PluginParts(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin that is installed and enabled.

    `id` is `plugin@marketplace`, `name` what stands before the names of its skills, `title` and `description` what
    people are told, `root` where it lies and `data` where it may keep things. `skill_roots` and `hook_files` are paths
    in `root`; `hooks` are tables of events that stand in its manifest; `mcp_servers` are tables as in `[mcp_servers]`,
    `mcp_servers_as_written` the same as its files have them, before its folders are filled in. `content_hash`
    changes with its files.
    """

    id: str
    name: str
    title: str = ""
    description: str = ""
    root: Path
    data: Path
    content_hash: str = ""
    skill_roots: tuple[Path, ...] = ()
    hook_files: tuple[Path, ...] = ()
    hooks: tuple[Mapping[str, Any], ...] = ()
    mcp_servers: Mapping[str, Any] = {}
    mcp_servers_as_written: Mapping[str, Any] = {}
    apps: tuple[PluginApp, ...] = ()


PluginSource = Callable[[EffectiveConfig], Awaitable[Sequence[PluginParts]]]
"""Says which plugins a configuration has."""


async def no_plugins(_config: EffectiveConfig) -> Sequence[PluginParts]:
    """Return none."""
    return ()

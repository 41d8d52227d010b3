"""The plugins that a configuration has: installed, enabled, and with what they bring along.

Owns reading them, and remembering them while their files stay as they are. Does not own installing (`installer`): what
was installed or removed is seen at once, by whatever process. What somebody changes in the files of an installed plugin
is seen within `LOOK_SECONDS`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import trio

from codex_trio.config.settings import EffectiveConfig
from codex_trio.extensions.plugin_parts import PluginParts
from codex_trio.extensions.plugins.manifest import FOLDERS, read_manifest
from codex_trio.extensions.plugins.names import PluginId, PluginRefused, parse_id
from codex_trio.extensions.plugins.parts import files_below, plugin_parts
from codex_trio.extensions.plugins.store import PluginStore
from codex_trio.util.abandonable import abandonable
from codex_trio.util.loose_json import table_of

_log = logging.getLogger(__name__)

FEATURE = "plugins"

LOAD_SECONDS = 10.0
"""How long plugins may take to be read: a dead mount never answers."""

LOOK_SECONDS = 1.0
"""How often all files of a plugin are looked at: between looks, its folder tells whether it was installed anew."""

MAX_PLUGINS = 500
"""More that are enabled are a mistake."""

_MOST_LOOKED_AT = 10_000
_NAMED = (*(f"{folder}/plugin.json" for folder in FOLDERS), ".mcp.json", ".app.json", "hooks/hooks.json", "skills")

_Looks = tuple[object, ...]


class _Loaded(msgspec.Struct):
    folder: tuple[int, ...]
    looked_at: float
    looks: _Looks
    switches: Mapping[str, Any]
    parts: PluginParts | None


class InstalledPlugins:
    """See `PluginSource`."""

    def __init__(self, store: PluginStore) -> None:
        self._store = store
        self._loaded: dict[PluginId, _Loaded] = {}

    async def __call__(self, config: EffectiveConfig) -> Sequence[PluginParts]:
        """Return the plugins of a configuration, in the order of their ids."""
        wanted = enabled_plugins(config)
        if not wanted:
            return ()
        try:
            return await abandonable(LOAD_SECONDS, self._load, wanted, trio.current_time())
        except TimeoutError as error:
            _log.warning("went on without plugins: their files %s", error.strerror)
            return ()

    def _load(self, wanted: Mapping[PluginId, Mapping[str, Any]], now: float) -> Sequence[PluginParts]:
        parts = (self._parts(plugin_id, table_of(said.get("mcp_servers")), now) for plugin_id, said in wanted.items())
        return tuple(found for found in parts if found is not None)

    def _parts(self, plugin_id: PluginId, switches: Mapping[str, Any], now: float) -> PluginParts | None:
        known = self._loaded.get(plugin_id)
        # An installed version comes and goes whole, by its name in this folder.
        folder = _look(self._store.folder_of(plugin_id))
        is_same = known is not None and known.folder == folder and known.switches == switches
        if known is not None and is_same and now - known.looked_at < LOOK_SECONDS:
            return known.parts
        root = self._store.root_of(plugin_id)
        if root is None:
            return None
        looks = _looks(root, in_depth=known is None or known.parts is None or bool(known.parts.content_hash))
        if known is not None and known.looks == looks and known.switches == switches:
            known.folder, known.looked_at = folder, now
            return known.parts
        parts = self._read(plugin_id, root, switches)
        if known is None and (parts is None or not parts.content_hash):
            looks = _looks(root, in_depth=parts is None)
        self._loaded[plugin_id] = _Loaded(folder, now, looks, switches, parts)
        return parts

    def _read(self, plugin_id: PluginId, root: Path, switches: Mapping[str, Any]) -> PluginParts | None:
        try:
            manifest = read_manifest(root)
        except PluginRefused as problem:
            _log.warning("plugin %s is left out: %s", plugin_id, problem)
            return None
        if manifest is None:
            _log.warning("plugin %s is left out: it has no plugin.json", plugin_id)
            return None
        data = self._store.data_of(plugin_id)
        return plugin_parts(plugin_id, manifest, root=root, data=data, switches=switches)


def enabled_plugins(config: EffectiveConfig) -> dict[PluginId, Mapping[str, Any]]:
    """Return the plugins that a configuration switches on, with what it says of them, in the order of their ids."""
    tables = table_of(config.merged.get("plugins"))
    if not tables or not config.feature(FEATURE):
        return {}
    ids = sorted(found for text in tables if (found := parse_id(text)) is not None)[:MAX_PLUGINS]
    said = {plugin_id: table_of(tables[str(plugin_id)]) for plugin_id in ids}
    return {plugin_id: table for plugin_id, table in said.items() if table.get("enabled") is not False}


def _looks(root: Path, *, in_depth: bool) -> _Looks:
    """Return what tells one state of a plugin's files from another; `in_depth` of all of them."""
    paths = [str(root), *(os.path.join(root, name) for name in _NAMED)]
    if in_depth:
        paths += [path for _number, path in zip(range(_MOST_LOOKED_AT), files_below(root), strict=False)]
    return (str(root), *(_look(path) for path in paths))


def _look(path: str | Path) -> tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

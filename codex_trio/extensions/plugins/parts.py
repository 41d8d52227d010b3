"""What an installed plugin brings along: the parts that its manifest names, or that lie where parts usually do.

Owns finding them in the plugin's folder, and that none lies outside of it. Does not own reading skills or hooks, nor
starting servers. Blocking, a few small files.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from codex_trio.extensions.plugin_parts import PluginApp, PluginParts
from codex_trio.extensions.plugins.commands import SKILLS
from codex_trio.extensions.plugins.inside import inner_path
from codex_trio.extensions.plugins.manifest import Manifest
from codex_trio.extensions.plugins.names import PluginId
from codex_trio.util.loose_json import table_of
from codex_trio.util.regular_file import read_in_pieces, read_whole

MAX_FILE_BYTES = 1 << 20
MAX_SERVERS = 50
MAX_APPS = 100
_MOST_HASHED_FILES = 10_000
_MOST_HASHED_BYTES = 512 << 20
_PIECE_BYTES = 1 << 20

_ROOT_VARIABLES = ("CLAUDE_PLUGIN_ROOT", "PLUGIN_ROOT")
_DATA_VARIABLES = ("CLAUDE_PLUGIN_DATA", "PLUGIN_DATA")

_SWITCHES = ("enabled", "default_tools_approval_mode", "enabled_tools", "disabled_tools", "tools")
"""What a user may say of a plugin's server in `[plugins."ID".mcp_servers.NAME]`."""


def plugin_parts(
    plugin_id: PluginId,
    manifest: Manifest,
    *,
    root: Path,
    data: Path,
    switches: Mapping[str, Any] | None = None,
    with_hash: bool = True,
) -> PluginParts:
    """Return the parts of a plugin. `switches` is what the user says of its servers, by their names."""
    hook_files, hooks = _hooks(manifest, root)
    servers, expand = _servers(manifest, root), _Expansion(root, data)
    shown = None if manifest.interface is None else manifest.interface.display_name
    return PluginParts(
        id=str(plugin_id),
        name=plugin_id.name,
        title=shown or plugin_id.name,
        description=manifest.description or "",
        root=root,
        data=data,
        content_hash=_hash(root) if with_hash and (hook_files or hooks) else "",
        skill_roots=_skill_roots(manifest, root),
        hook_files=hook_files,
        hooks=hooks,
        mcp_servers={
            name: _server(table, root, expand) | _said(switches or {}, name) for name, table in servers.items()
        },
        mcp_servers_as_written=servers,
        apps=_apps(manifest, root),
    )


def _skill_roots(manifest: Manifest, root: Path) -> tuple[Path, ...]:
    named = ("./skills",) if manifest.skills is None else manifest.skills
    paths = (inner_path(root, text) for text in (*named, SKILLS))
    return tuple(dict.fromkeys(path for path in paths if path is not None and path.is_dir()))


def _hooks(manifest: Manifest, root: Path) -> tuple[tuple[Path, ...], tuple[Mapping[str, Any], ...]]:
    if manifest.hooks is None:
        usual = inner_path(root, "./hooks/hooks.json")
        return ((usual,) if usual is not None and usual.is_file() else ()), ()
    given = cast("list[Any]", manifest.hooks) if isinstance(manifest.hooks, list) else [manifest.hooks]
    files = [path for text in given if (path := inner_path(root, text)) is not None]
    tables = [table_of(table_of(value).get("hooks")) or table_of(value) for value in given if isinstance(value, dict)]
    return tuple(dict.fromkeys(files)), tuple(tables)


def _servers(manifest: Manifest, root: Path) -> dict[str, dict[str, Any]]:
    """Return the tables of a plugin's servers as they are written."""
    given = manifest.mcp_servers
    if isinstance(given, Mapping):
        tables = table_of(given.get("mcpServers")) or dict(given)
    else:
        document = _read(root, "./.mcp.json" if given is None else given)
        tables = table_of(document.get("mcpServers")) or document
    names = [name for name in sorted(tables)[:MAX_SERVERS] if isinstance(tables[name], dict)]
    return {name: tables[name] for name in names}


def _said(switches: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return what a user says of a server."""
    chosen = table_of(switches.get(name))
    return {key: chosen[key] for key in _SWITCHES if key in chosen}


def _server(given: dict[str, Any], root: Path, expand: _Expansion) -> dict[str, Any]:
    """Return a server's table as `[mcp_servers]` has them; other agents write some keys in another way."""
    table: dict[str, Any] = {key: expand(value) for key, value in given.items() if key not in ("type", "required")}
    if "headers" in table:
        table.setdefault("http_headers", table.pop("headers"))
    if "url" in table and "command" not in table:
        return table
    folder = table.get("cwd")
    if folder is None:
        table["cwd"] = str(root)
    elif isinstance(folder, str) and not os.path.isabs(folder):
        inside = inner_path(root, folder if folder.startswith("./") else f"./{folder}")
        # What leads elsewhere is left as it is: no folder, so that the server fails and says so.
        table["cwd"] = str(root / ".outside-of-the-plugin" if inside is None else inside)
    command = table.get("command")
    if isinstance(command, str) and command.startswith("./"):
        table["command"] = os.path.join(table["cwd"], command[2:])
    return table


class _Expansion:
    """Puts the plugin's folders in the place of `${CLAUDE_PLUGIN_ROOT}` and its like."""

    def __init__(self, root: Path, data: Path) -> None:
        self._values = {f"${{{name}}}": str(root) for name in _ROOT_VARIABLES}
        self._values |= {f"${{{name}}}": str(data) for name in _DATA_VARIABLES}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            for name, folder in self._values.items():
                value = value.replace(name, folder)
            return value
        if isinstance(value, list):
            return [self(item) for item in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {key: self(item) for key, item in cast("dict[str, Any]", value).items()}
        return value


def _apps(manifest: Manifest, root: Path) -> tuple[PluginApp, ...]:
    document = _read(root, "./.app.json" if manifest.apps is None else manifest.apps)
    apps = table_of(document.get("apps"))
    ids = ((name, table_of(table).get("id")) for name, table in list(apps.items())[:MAX_APPS])
    return tuple(PluginApp(name=name, id=app) for name, app in ids if isinstance(app, str))


def _read(root: Path, named: object) -> dict[str, Any]:
    """Return an object of a file in the plugin; an empty one for what cannot be had."""
    path = inner_path(root, named)
    if path is None:
        return {}
    try:
        return table_of(msgspec.json.decode(read_whole(path, limit=MAX_FILE_BYTES)))
    except (OSError, msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}


def _hash(root: Path) -> str:
    """Return what changes with the files of a plugin: whoever trusts a hook trusts the scripts that it calls."""
    total = hashlib.sha256()
    left = _MOST_HASHED_BYTES
    for number, path in enumerate(files_below(root)):
        if number == _MOST_HASHED_FILES:
            break
        name = os.fsencode(os.path.relpath(path, root))
        total.update(b"%d:%b" % (len(name), name))
        try:
            for piece in read_in_pieces(path, limit=left, piece_bytes=_PIECE_BYTES):
                total.update(b"%d:%b" % (len(piece), piece))
                left -= len(piece)
        except OSError as error:
            total.update(b"unreadable %d" % (error.errno or 0))
    return total.hexdigest()


def files_below(root: Path) -> Iterator[str]:
    """Yield the files of a folder in a fixed order; no link is followed."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            yield os.path.join(folder, name)

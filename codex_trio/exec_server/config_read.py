"""The settings of an exec-server's machine, as far as its client asks for them by key.

Owns which files count, and that nothing but the keys asked for leaves the machine. Does not own what settings mean:
that is the client's.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import trio

from codex_trio.config.toml_text import TomlSyntaxError, parse
from codex_trio.environments import exec_protocol as wire
from codex_trio.exec_server.errors import internal_error, invalid_params, plain_path
from codex_trio.exec_server.session import ServedSession
from codex_trio.util.regular_file import read_whole

SYSTEM_FOLDER = Path("/etc/codex")

_MAX_BYTES = 4 << 20


class SettingsPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Where a machine's settings are: `home` is its `CODEX_HOME`, `user_home` that of its user."""

    home: Path
    user_home: str | None
    system: Path = SYSTEM_FOLDER


class ServedSettings:
    def __init__(self, places: SettingsPlaces) -> None:
        self._places = places

    async def read(self, params: wire.ConfigReadParams, _session: ServedSession) -> wire.ConfigReadResult:
        """Return the values of keys, by the files that they are in."""
        plain_path(params.cwd)
        if not (params.config_paths or params.requirements_paths):
            raise invalid_params("at least one config or requirements path is required")
        if not all((*params.config_paths, *params.requirements_paths)):
            raise invalid_params("TOML paths must contain at least one key segment")
        return await trio.to_thread.run_sync(self._read, params, abandon_on_cancel=True)

    def _read(self, params: wire.ConfigReadParams) -> wire.ConfigReadResult:
        places = self._places
        config = [("system", places.system / "config.toml"), ("user", places.home / "config.toml")]
        requirements = [("system", places.system / "requirements.toml")]
        return wire.ConfigReadResult(
            user_home_dir=places.user_home,
            codex_home_dir=places.home.as_uri(),
            hostname=socket.gethostname(),
            config=wire.ReadLayers(layers=list(_layers(config, params.config_paths))),
            requirements=wire.ReadLayers(layers=list(_layers(requirements, params.requirements_paths))),
        )


def _layers(files: Sequence[tuple[str, Path]], keys: Sequence[Sequence[str]]) -> Iterable[wire.ReadLayer]:
    # Imported on first use: few clients ask.
    import tomlkit

    for kind, path in files:
        found = _chosen(_table(path), keys) if keys else {}
        if found:
            source, folder = f"{kind} ({path})", path.parent.as_uri()
            yield wire.ReadLayer(source=source, base_dir=folder, toml=tomlkit.dumps(found))


def _table(path: Path) -> dict[str, Any]:
    """Return what is in a file, nothing if it is not there. Raises RequestRefused."""
    problem = f"failed to load executor-local config: {path}"
    try:
        return parse(read_whole(path, limit=_MAX_BYTES).decode())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise internal_error(f"{problem}: {error.strerror or os.strerror(error.errno or errno.EIO)}") from error
    except UnicodeDecodeError as error:
        raise internal_error(f"{problem}: it is not UTF-8") from error
    except TomlSyntaxError as error:
        place = f"{error.position.line}:{error.position.column}"
        raise internal_error(f"{problem}:{place}: {error.message}") from error


def _chosen(table: Mapping[str, Any], keys: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return the part of a table that the keys name. A value ends a key, whatever follows in it."""
    chosen: dict[str, Any] = {}
    for key in keys:
        _take(table, key, chosen)
    return chosen


def _take(table: Mapping[str, Any], key: Sequence[str], chosen: dict[str, Any]) -> None:
    name, *rest = key
    if name not in table:
        return
    value = table[name]
    if not rest or not isinstance(value, dict):
        chosen[name] = value
        return
    inner: dict[str, Any] = {}
    _take(cast("dict[str, Any]", value), rest, inner)
    before = chosen.get(name)
    if before is value or not inner:
        # The whole of it is there already, or nothing of it is asked for.
        return
    chosen[name] = _joined(cast("dict[str, Any]", before or {}), inner)


def _joined(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    joined = dict(one)
    for name, value in other.items():
        both = joined.get(name)
        is_table = isinstance(both, dict) and isinstance(value, dict) and both is not value
        joined[name] = _joined(cast("dict[str, Any]", both), cast("dict[str, Any]", value)) if is_table else value
    return joined

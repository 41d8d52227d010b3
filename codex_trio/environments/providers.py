"""Which environments there are when the server starts: by `environments.toml`, else by a variable, else this machine.

Owns the two sources, their checks and which of them counts. Does not own environments, or those that clients add later
(environments/manager.py).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import msgspec

from codex_trio.config.errors import ConfigLoadError, StartupRefused
from codex_trio.config.sources import read_text
from codex_trio.environments.environment import Environment
from codex_trio.environments.errors import UnusableEnvironment
from codex_trio.environments.selection import LOCAL
from codex_trio.environments.targets import (
    CONNECT_SECONDS,
    INITIALIZE_SECONDS,
    LONGEST_SECONDS,
    ProgramTarget,
    RemoteTarget,
    WebsocketTarget,
    check_headers,
    check_url,
)
from codex_trio.util import decoding
from codex_trio.util.spelling import did_you_mean

REMOTE = "remote"
"""The id of the environment behind the variable's address."""

NO_DEFAULT = "none"
"""What stands for no environment at all, in any case of letters."""

_MAX_BYTES = 1 << 20
_MAX_ID = 64
_ID = re.compile(r"[A-Za-z0-9_-]+")
_AT = re.compile(r" at `\$(.*)`$")
_PART = re.compile(r"\.(\w+)|\[(\d+)\]")
_UNKNOWN = re.compile(r"unknown field `(.*?)`")


class ProvidedEnvironments(msgspec.Struct, frozen=True, kw_only=True):
    """What there is. Threads whose client does not choose begin in `default`; with None they work nowhere."""

    environments: tuple[Environment, ...]
    default: str | None


Connect: TypeAlias = Callable[[RemoteTarget], Environment]
"""Makes the environment behind an address. Nothing is connected before it is used."""


class EnvironmentProvider(Protocol):
    """Knows the environments that there are at first."""

    def provide(self, local: Environment, connect: Connect) -> ProvidedEnvironments:
        """Return them; `local` is this machine, which need not be among them."""
        ...


class VariableProvider:
    """This machine, or the exec-server that `CODEX_EXEC_SERVER_URL` names, or nothing at all."""

    def __init__(self, url: str = "") -> None:
        """Raise StartupRefused for an address that no exec-server can have."""
        self._url = url.strip()
        if not self._url or self._url.lower() == NO_DEFAULT or self._url.startswith("unix://"):
            return
        try:
            check_url(self._url)
        except UnusableEnvironment as error:
            raise StartupRefused(f"exec-server protocol error: {error} (in CODEX_EXEC_SERVER_URL)") from error

    def provide(self, local: Environment, connect: Connect) -> ProvidedEnvironments:
        if not self._url:
            return ProvidedEnvironments(environments=(local,), default=local.id)
        if self._url.lower() == NO_DEFAULT:
            return ProvidedEnvironments(environments=(), default=None)
        remote = connect(RemoteTarget(id=REMOTE, where=WebsocketTarget(url=self._url)))
        return ProvidedEnvironments(environments=(remote,), default=remote.id)


class _Entry(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    id: str
    url: str | None = None
    auth_bearer_token: str | None = None
    program: str | None = None
    args: list[str] | None = None
    env: dict[str, str] | None = None
    cwd: str | None = None
    connect_timeout_sec: float | None = None
    initialize_timeout_sec: float | None = None
    skills: Any = None


class _File(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    default: str | None = None
    include_local: bool = True
    environments: list[_Entry] = []


class FileProvider:
    """Those of an `environments.toml`."""

    def __init__(self, text: str, path: Path) -> None:
        """Raise StartupRefused for a file that cannot be used, or not as it is."""
        try:
            content = _parsed(text, path)
            self._targets = tuple(_target(entry, path.parent) for entry in content.environments)
            self._has_local = content.include_local
            self._default = _default(content)
        except UnusableEnvironment as error:
            place = "" if str(path) in str(error) else f" (in {path})"
            raise StartupRefused(f"exec-server protocol error: {error}{place}") from error

    def provide(self, local: Environment, connect: Connect) -> ProvidedEnvironments:
        remotes = tuple(map(connect, self._targets))
        environments = (local, *remotes) if self._has_local else remotes
        return ProvidedEnvironments(environments=environments, default=self._default)


def find_provider(path: Path, url: str) -> EnvironmentProvider:
    """Return the provider that counts, of the file at `path` and the variable with `url`.

    Raises StartupRefused for what cannot be used of the two.
    """
    try:
        text = read_text(path, limit=_MAX_BYTES)
    except ConfigLoadError as error:
        raise StartupRefused(error.message) from error
    if text is not None:
        return FileProvider(text, path)
    if os.path.lexists(path):
        # Threads that are meant for a box must not run here for that.
        raise StartupRefused(f"failed to read config file {path}: it is a link that leads nowhere")
    return VariableProvider(url)


def _parsed(text: str, path: Path) -> _File:
    # Imported here: most servers have no such file, and are waited for.
    from codex_trio.config.toml_text import TomlSyntaxError, find_value, parse

    try:
        return decoding.convert(parse(text), _File)
    except TomlSyntaxError as error:
        place = f"{path}:{error.position.line}:{error.position.column}"
        raise UnusableEnvironment(f"failed to parse environment config `{place}`: {error.message}") from error
    except msgspec.ValidationError as error:
        keys = (_Entry if "$.environments" in str(error) else _File).__struct_fields__
        known = f"; there are {', '.join(keys)}" if "unknown field" in str(error) else ""
        found = find_value(text, _key_path(str(error)))
        place = f"{path}:{found.start.line}:{found.start.column}" if found else path
        raise UnusableEnvironment(f"failed to parse environment config `{place}`: {error}{known}") from error


def _key_path(problem: str) -> tuple[str | int, ...]:
    """Return the path to what the decoder finds fault with."""
    at = _AT.search(problem)
    parts = _PART.findall(at[1]) if at else []
    unknown = _UNKNOWN.search(problem)
    return (*(int(index) if index else name for name, index in parts), *([unknown[1]] if unknown else []))


def _default(content: _File) -> str | None:
    """Return the default of a file, whose ids are good by themselves. Raises UnusableEnvironment."""
    ids = [entry.id for entry in content.environments]
    twice = next((one for place, one in enumerate(ids) if one in ids[:place]), None)
    if twice is not None:
        raise UnusableEnvironment(f"environment id `{twice}` is duplicated")
    known = [LOCAL, *ids] if content.include_local else ids
    if content.default is None:
        return LOCAL if content.include_local else None
    wanted = content.default.strip()
    if not wanted:
        raise UnusableEnvironment("default environment id cannot be empty")
    if wanted.lower() == NO_DEFAULT:
        return None
    if wanted not in known:
        raise UnusableEnvironment(f"default environment `{wanted}` is not configured.{did_you_mean(wanted, known)}")
    return wanted


def _target(entry: _Entry, home: Path) -> RemoteTarget:
    _check_id(entry.id)
    name = f"environment `{entry.id}`"
    if entry.skills is not None:
        raise UnusableEnvironment(f"{name}: `skills` is not supported by this server yet: leave it out")
    if (entry.url is None) == (entry.program is None):
        raise UnusableEnvironment(f"{name} must set exactly one of url or program")
    initialize = _seconds(entry.initialize_timeout_sec, INITIALIZE_SECONDS, f"{name} initialize_timeout_sec")
    where = _websocket(entry, entry.url, name) if entry.url is not None else _program(entry, home, name)
    return RemoteTarget(id=entry.id, where=where, initialize_seconds=initialize)


def _websocket(entry: _Entry, url: str, name: str) -> WebsocketTarget:
    if entry.args is not None or entry.env is not None or entry.cwd is not None:
        raise UnusableEnvironment(f"{name} args, env, and cwd require program")
    check_url(url.strip())
    target = WebsocketTarget(
        url=url.strip(),
        token=entry.auth_bearer_token,
        connect_seconds=_seconds(entry.connect_timeout_sec, CONNECT_SECONDS, f"{name} connect_timeout_sec"),
    )
    check_headers(target)
    return target


def _program(entry: _Entry, home: Path, name: str) -> ProgramTarget:
    if entry.connect_timeout_sec is not None:
        raise UnusableEnvironment(f"{name} connect_timeout_sec requires url")
    if entry.auth_bearer_token is not None:
        raise UnusableEnvironment(f"{name} auth_bearer_token requires url")
    program = (entry.program or "").strip()
    if not program:
        raise UnusableEnvironment(f"{name} program cannot be empty")
    argv = (program, *(entry.args or ()))
    if any("\0" in word for word in (*argv, entry.cwd or "")):
        raise UnusableEnvironment(f"{name} program, args and cwd cannot hold a null character")
    cwd = None if entry.cwd is None else os.path.normpath(home / entry.cwd)
    return ProgramTarget(argv=argv, environ=dict(entry.env or {}), cwd=cwd)


def _check_id(environment_id: str) -> None:
    name = f"environment id `{environment_id}`"
    if not environment_id.strip():
        raise UnusableEnvironment("environment id cannot be empty")
    if environment_id != environment_id.strip():
        raise UnusableEnvironment(f"{name} must not contain surrounding whitespace")
    if environment_id == LOCAL or environment_id.lower() == NO_DEFAULT:
        raise UnusableEnvironment(f"{name} is reserved")
    if len(environment_id) > _MAX_ID:
        raise UnusableEnvironment(f"{name} cannot be longer than {_MAX_ID} characters")
    if not _ID.fullmatch(environment_id):
        raise UnusableEnvironment(f"{name} must contain only ASCII letters, numbers, '-' or '_'")


def _seconds(value: float | None, usual: float, name: str) -> float:
    if value is None:
        return usual
    if not 0 <= value <= LONGEST_SECONDS:
        raise UnusableEnvironment(f"{name} must be between 0 and {LONGEST_SECONDS:g} seconds")
    return value

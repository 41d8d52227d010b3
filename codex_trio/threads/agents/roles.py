"""The roles that agents can have: what a user has written for them, and the few that are there anyway.

Owns where roles are found and what one changes. A role narrows what its agents may do, and never widens it. Does not
own the settings (engine/settings.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, cast

import msgspec

from codex_trio.config import toml_text
from codex_trio.config.settings import EffectiveConfig
from codex_trio.engine.settings import ThreadSettings
from codex_trio.sandbox.policy import DangerFullAccess, ExternalSandbox, ReadOnly, SandboxPolicy, WorkspaceWrite
from codex_trio.util import decoding
from codex_trio.util.regular_file import FileTooLarge, NotARegularFile, read_whole

_MAX_BYTES = 1 << 20
_LIMIT_KEYS = (
    "enabled",
    "max_threads",
    "max_concurrent_threads_per_session",
    "max_depth",
    "job_max_runtime_seconds",
    "interrupt_message",
)


_Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]


class RoleProblem(Exception):
    """A role cannot be used; the text says which, where and why."""


class RoleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a role's file may set. Everything else in it is refused rather than passed over."""

    name: str | None = None
    description: str | None = None
    nickname_candidates: list[str] = []
    developer_instructions: str | None = None
    model: _Name | None = None
    model_reasoning_effort: _Name | None = None
    model_reasoning_summary: Literal["auto", "concise", "detailed", "none"] | None = None
    sandbox_mode: str | None = None


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A role; `source` is None for those that are there anyway."""

    name: str
    description: str = ""
    nicknames: tuple[str, ...] = ()
    settings: RoleSettings = RoleSettings()
    source: str | None = None

    def apply(self, settings: ThreadSettings) -> ThreadSettings:
        """Return an agent's settings with what the role says."""
        own = self.settings
        changes: dict[str, Any] = {
            name: value
            for name, value in (
                ("model", own.model),
                ("effort", own.model_reasoning_effort),
                ("summary", own.model_reasoning_summary),
            )
            if value is not None
        }
        if own.developer_instructions is not None:
            told = (settings.developer_instructions, own.developer_instructions)
            changes["developer_instructions"] = "\n\n".join(text for text in told if text)
        changes["sandbox_policy"] = _narrowed(settings.sandbox_policy, own.sandbox_mode)
        return msgspec.structs.replace(settings, **changes)


BUILT_IN = (
    Role(name="default", description="Works on any task."),
    Role(
        name="explorer",
        description="Answers one question about the code. It looks, and changes nothing.",
        settings=RoleSettings(
            developer_instructions="You answer a question about this code base. Look only; change nothing."
        ),
    ),
    Role(name="worker", description="Does a piece of work in files that nobody else changes meanwhile."),
)


class Roles:
    """The roles under one configuration, and what is wrong with those that cannot be used."""

    def __init__(self, roles: Iterable[Role], problems: Mapping[str, str]) -> None:
        self._roles = {role.name: role for role in roles}
        self.problems = dict(problems)

    @property
    def own(self) -> list[Role]:
        """Those that the user has made, by name."""
        return sorted((role for role in self._roles.values() if role.source is not None), key=lambda role: role.name)

    def get(self, name: str | None) -> Role | None:
        """Return a role, None for none. Raises RoleProblem for one that is not there or cannot be used."""
        if name is None:
            return None
        if name in self.problems:
            raise RoleProblem(self.problems[name])
        role = self._roles.get(name)
        if role is None:
            known = ", ".join(f"`{one}`" for one in sorted(self._roles))
            raise RoleProblem(f"unknown agent_type '{name}': use one of {known}, or leave it out")
        return role


def load_roles(config: EffectiveConfig, codex_home: Path) -> Roles:
    """Read all roles; later ones stand in for earlier ones of the same name: built in, files, `[agents.NAME]`.

    Blocking: a handful of small files.
    """
    roles = {role.name: role for role in BUILT_IN}
    problems: dict[str, str] = {}
    for path in _files(config, codex_home):
        _take(roles, problems, path.stem, lambda path=path: _from_file(path))
    for name, table in _tables(config).items():
        _take(roles, problems, name, lambda name=name, table=table: _from_table(name, table, codex_home))
    return Roles(roles.values(), problems)


def _take(roles: dict[str, Role], problems: dict[str, str], name: str, read: Callable[[], Role]) -> None:
    try:
        role = read()
    except RoleProblem as problem:
        problems[name] = str(problem)
        return
    problems.pop(role.name, None)
    roles[role.name] = role


def _files(config: EffectiveConfig, codex_home: Path) -> list[Path]:
    """Return the files with roles: the user's, then those of the project as far as it is trusted."""
    projects = [layer.source.path for layer in config.stack.active if layer.source.kind == "project"]
    folders = [codex_home, *(path for path in projects if path is not None)]
    found: list[Path] = []
    for folder in folders:
        try:
            with os.scandir(folder / "agents") as entries:
                found += sorted(Path(entry.path) for entry in entries if entry.name.endswith(".toml"))
        except OSError:
            continue
    return found


def _tables(config: EffectiveConfig) -> dict[str, Any]:
    tables = cast("dict[str, Any]", config.merged.get("agents") or {})
    return {name: value for name, value in tables.items() if name not in _LIMIT_KEYS}


def _from_file(path: Path) -> Role:
    settings = _read(path)
    name = settings.name or path.stem
    return Role(
        name=name,
        description=settings.description or "",
        nicknames=tuple(settings.nickname_candidates),
        settings=settings,
        source=str(path),
    )


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    description: str = ""
    config_file: str | None = None
    nickname_candidates: list[str] = []


def _from_table(name: str, value: Any, folder: Path) -> Role:
    try:
        table = decoding.convert(value, _Table)
    except msgspec.ValidationError as error:
        raise RoleProblem(f"the agent role `{name}` in `[agents.{name}]` cannot be used: {error}") from None
    settings = RoleSettings() if table.config_file is None else _read(folder / Path(table.config_file).expanduser())
    return Role(
        name=name,
        description=table.description or settings.description or "",
        nicknames=tuple(table.nickname_candidates or settings.nickname_candidates),
        settings=settings,
        source=f"[agents.{name}]",
    )


def _read(path: Path) -> RoleSettings:
    try:
        text = read_whole(path, limit=_MAX_BYTES).decode("utf-8-sig")
        table = toml_text.parse(text)
        unknown = sorted(set(table) - set(RoleSettings.__struct_fields__))
        if unknown:
            raise RoleProblem(f"the agent role in {path} cannot be used: `{unknown[0]}` has no effect in a role")
        settings = decoding.convert(table, RoleSettings)
    except (NotARegularFile, FileTooLarge) as error:
        raise RoleProblem(f"the agent role in {path} cannot be read: {error.strerror}") from None
    except OSError as error:
        raise RoleProblem(f"the agent role in {path} cannot be read: {os.strerror(error.errno or 0)}") from None
    except (toml_text.TomlSyntaxError, UnicodeDecodeError, ValueError) as error:
        raise RoleProblem(f"the agent role in {path} cannot be used: {error}") from None
    if settings.sandbox_mode not in (None, *_MODES):
        raise RoleProblem(f"the agent role in {path} cannot be used: unknown sandbox_mode `{settings.sandbox_mode}`")
    return settings


_MODES = ("read-only", "workspace-write", "danger-full-access")


def _narrowed(policy: SandboxPolicy, mode: str | None) -> SandboxPolicy:
    """Return what an agent may do: what its parent may, or less where its role says so."""
    match mode, policy:
        case ("read-only", ReadOnly()) | ("workspace-write" | "danger-full-access" | None, ReadOnly()):
            return policy
        case "read-only", WorkspaceWrite():
            return ReadOnly(network_access=policy.network_access, limits=policy.limits)
        case "read-only", DangerFullAccess() | ExternalSandbox():
            return ReadOnly()
        case "workspace-write", DangerFullAccess():
            return WorkspaceWrite()
        case _:
            return policy

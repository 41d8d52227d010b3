"""Permission profiles: the built-in ones, and those of `[permissions.NAME]`, as what they let be done.

Owns: which profiles there are, what one says together with what it extends, and the errors for one that cannot be used.
Does not own: the sandbox policy that follows (`threads/options`), nor which an administrator allows (`requirements`).
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from codex_trio.config.errors import ConfigLoadError
from codex_trio.config.nodes import resolve_path
from codex_trio.config.requirements import Requirements
from codex_trio.config.settings import ActiveProfile, HostLists, ProfileRights, SandboxMode

_BUILT_IN: Final[Mapping[str, SandboxMode]] = {
    ":read-only": "read-only",
    ":workspace": "workspace-write",
    ":danger-full-access": "danger-full-access",
}
_EXTENDABLE: Final[Mapping[str, Mapping[str, Any]]] = {
    ":read-only": {":root": "read"},
    ":workspace": {":root": "read", ":workspace_roots": {".": "write"}, ":tmpdir": "write", ":slash_tmp": "write"},
}
_WORKSPACE = ":workspace_roots"
_FORMER = {":project_roots": _WORKSPACE}
_FOLDERS_OF_THE_SYSTEM = (":root", ":minimal", ":tmpdir", ":slash_tmp")
_DENYING = ("deny", "none")
_MOST_LEVELS = 50
_DEPTH_KEY = "glob_scan_max_depth"
_MAGIC = frozenset("*?[")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class PermissionProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile by its name; `allowed` says whether it may be chosen."""

    name: str
    description: str | None = None
    allowed: bool


def profiles(merged: Mapping[str, Any], requirements: Requirements, *, home: Path | None) -> list[PermissionProfile]:
    """Return the built-in profiles, and those of a checked configuration's own by their names."""
    own: Mapping[str, Any] = merged.get("permissions") or {}
    return [
        PermissionProfile(
            name=name,
            description=None if name in _BUILT_IN else own[name].get("description"),
            allowed=_is_usable(name, merged, requirements, home),
        )
        for name in (*_BUILT_IN, *sorted(own))
    ]


def find_profile(name: str, merged: Mapping[str, Any], *, home: Path | None) -> ActiveProfile:
    """Return what a profile lets be done. Raises ConfigLoadError for one that is not there or cannot be used."""
    tables: Mapping[str, Any] = merged.get("permissions") or {}
    for own in tables:
        if own.startswith(":"):
            raise ConfigLoadError(f"permissions profile `{own}` uses a reserved built-in profile prefix")
    if name in _BUILT_IN:
        return ActiveProfile(id=name, mode=_BUILT_IN[name])
    if name.startswith(":"):
        raise ConfigLoadError(f"default_permissions refers to unknown built-in profile `{name}`")
    if not tables:
        raise ConfigLoadError("default_permissions requires a `[permissions]` table")
    if name not in tables:
        raise ConfigLoadError(f"default_permissions refers to undefined profile `{name}`")
    chain = _chain(name, tables)
    files: dict[str, Any] = {}
    for _, table in reversed(chain):
        files = _joined(files, table.get("filesystem") or {})
    reader = _Reader(name, home)
    for path, access in files.items():
        reader.take(path, access)
    extends = cast("dict[str, Any]", tables[name]).get("extends")
    return ActiveProfile(id=name, extends=extends, rights=reader.rights(chain), warnings=tuple(reader.warnings))


def _is_usable(name: str, merged: Mapping[str, Any], requirements: Requirements, home: Path | None) -> bool:
    try:
        profile = find_profile(name, merged, home=home)
    except ConfigLoadError:
        return False
    return requirements.profile_problem(name) is None and requirements.mode_problem(profile.kind) is None


def _chain(name: str, tables: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return a profile, what it extends, and so on."""
    chain: dict[str, Mapping[str, Any]] = {}
    child, current = name, name
    while current not in _EXTENDABLE:
        if len(chain) >= _MOST_LEVELS:
            raise ConfigLoadError(f"permissions profile `{name}` extends more than {_MOST_LEVELS} others in a row")
        if current in chain:
            raise ConfigLoadError(f"permissions profile `{name}` extends itself by way of `{child}`")
        if current.startswith(":"):
            raise ConfigLoadError(
                f"permissions profile `{child}` cannot extend unsupported built-in profile `{current}`"
            )
        if current not in tables:
            raise ConfigLoadError(f"permissions profile `{child}` extends undefined profile `{current}`")
        table: Mapping[str, Any] = tables[current]
        chain[current] = table
        parent = table.get("extends")
        if parent is None:
            return [*chain.items()]
        child, current = current, parent
    return [*chain.items(), (current, {"filesystem": _EXTENDABLE[current]})]


def _joined(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return entries on top of others; those for parts of a path are joined one by one."""
    joined = dict(below)
    for given, access in above.items():
        path = _FORMER.get(given, given)
        under = joined.get(path)
        if isinstance(access, dict) and under is not None:
            parts = cast("dict[str, Any]", under) if isinstance(under, dict) else {".": under}
            joined[path] = {**parts, **access}
        else:
            joined[path] = access
    return joined


class _Reader:
    """Adds up the entries of one profile."""

    def __init__(self, name: str, home: Path | None) -> None:
        self._name = name
        self._home = home
        self._system: dict[str, str] = {}
        self._depth: int | None = None
        self._read_only: list[str] = []
        self._writable: list[str] = []
        self._denied: list[str] = []
        self._workspace: str | None = None
        self._has_entries = False
        self.warnings: list[str] = []

    def take(self, path: str, access: Any) -> None:
        if path == _DEPTH_KEY:
            if access < 1:
                raise ConfigLoadError(f"permissions profile `{self._name}`: `{_DEPTH_KEY}` must be at least 1")
            self._depth = access
        elif path == _WORKSPACE:
            self._take_parts("", access, given=path)
        elif path in _FOLDERS_OF_THE_SYSTEM and isinstance(access, str):
            self._take_system(path, access)
        elif path.startswith(":"):
            self._take_unknown(path, access)
        else:
            self._take_parts(self._absolute(path), access, given=path)

    def rights(self, chain: Sequence[tuple[str, Mapping[str, Any]]]) -> ProfileRights:
        """Return what all entries come to. Raises ConfigLoadError for what cannot be seen to here."""
        if not self._has_entries:
            self.warnings.append(
                f"Permissions profile `{self._name}` does not define any recognized filesystem entries for this "
                "version of Codex. Filesystem access will remain restricted. Upgrade Codex if this profile expects "
                "filesystem permissions."
            )
        if self._system.get(":root") == "write":
            self._writable.append("/")
        if any("**" in pattern for pattern in self._denied) and self._depth is None:
            self.warnings.append(
                f"Permissions profile `{self._name}` denies what `**` matches at any depth: before every command all "
                f"folders there are looked through. Set `{_DEPTH_KEY}` in its filesystem table to look less deep."
            )
        network = self._network(chain)
        return ProfileRights(
            opens_workspace=self._workspace == "write",
            writable=tuple(self._writable),
            read_only=tuple(self._read_only),
            denied=tuple(self._denied),
            opens_tmpdir=self._system.get(":tmpdir") == "write",
            opens_slash_tmp=self._system.get(":slash_tmp") == "write",
            network_access=network is not None,
            hosts=None if network is None else self._hosts(network),
            scan_depth=self._depth,
            more_roots=self._more_roots(chain),
            readable=self._readable(),
            reads_system=":minimal" in self._system,
        )

    def _readable(self) -> tuple[str, ...] | None:
        """Return what may be read besides what may be written; None for everything."""
        if self._system.get(":root") in ("read", "write"):
            return None
        if ":minimal" not in self._system:
            self.warnings.append(
                f"Permissions profile `{self._name}` lets nothing of the system be read, so that hardly a command runs "
                'in it: set `":minimal" = "read"` in its filesystem table.'
            )
        readable = [*self._read_only]
        readable += ["."] if self._workspace == "read" else []
        readable += ["/tmp"] if self._system.get(":slash_tmp") == "read" else []
        readable += [os.environ.get("TMPDIR") or "/tmp"] if self._system.get(":tmpdir") == "read" else []
        return tuple(readable)

    def _take_system(self, path: str, access: str) -> None:
        if path == ":minimal" and access == "write":
            raise ConfigLoadError(
                f"permissions profile `{self._name}` cannot let `{path}` be written: name the folders"
            )
        if access in _DENYING:
            if path in (":root", ":minimal"):
                raise ConfigLoadError(f"permissions profile `{self._name}` cannot deny `{path}`")
            folder = "/tmp" if path == ":slash_tmp" else os.environ.get("TMPDIR", "")
            self._denied += [folder] if folder else []
        self._system[path] = access
        self._has_entries = True

    def _take_unknown(self, path: str, access: Any) -> None:
        if access in _DENYING:
            raise ConfigLoadError(f"permissions profile `{self._name}` denies `{path}`, which is not known here")
        self.warnings.append(
            f"Configured filesystem path `{path}` is not recognized by this version of Codex and will be ignored. "
            "Upgrade Codex if this path is required."
        )

    def _take_parts(self, base: str, access: Any, *, given: str) -> None:
        parts = cast("dict[str, str]", access) if isinstance(access, dict) else {".": cast("str", access)}
        for part, wanted in parts.items():
            if os.path.isabs(part) or part.startswith("~") or ".." in part.split("/"):
                raise ConfigLoadError(
                    f"filesystem path `{part}` in permissions profile `{self._name}` must be relative, and stay inside"
                )
            path = os.path.normpath(os.path.join(base, part)) if base or part != "." else ""
            self._take_path(path, wanted, given=given)

    def _take_path(self, path: str, access: str, *, given: str) -> None:
        self._has_entries = True
        if access not in _DENYING and path.endswith("/**"):
            path = path.removesuffix("/**")
        if access not in _DENYING and _MAGIC.intersection(path):
            raise ConfigLoadError(
                f"filesystem glob path `{path}` only supports `deny` access; use an exact path or trailing `/**` for "
                f"`{access}` subtree access"
            )
        if path == "/" and access == "read":
            self._system.setdefault(":root", "read")
        elif not path:
            self._workspace = access
            self._denied += ["."] if access in _DENYING else []
        elif access in _DENYING:
            if path == "/":
                raise ConfigLoadError(f"permissions profile `{self._name}` cannot deny `{given}`: that is everything")
            self._denied.append(path)
        elif access == "write":
            self._writable.append(path)
        else:
            self._read_only.append(path)

    def _absolute(self, path: str) -> str:
        if not path.startswith(("/", "~/")) and path != "~":
            raise ConfigLoadError(f"filesystem path `{path}` must be absolute, use `~/...`, or start with `:`")
        if path.startswith("~") and self._home is None:
            raise ConfigLoadError(f"filesystem path `{path}` cannot be used: there is no home folder")
        return resolve_path(path, folder=Path("/"), home=self._home)

    def _network(self, chain: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any] | None:
        """Return what is said of the network; None where it is closed."""
        table: dict[str, Any] = {}
        for _, level in reversed(chain):
            given: dict[str, Any] = level.get("network") or {}
            domains: dict[str, str] = {**(table.get("domains") or {}), **(given.get("domains") or {})}
            table |= {**given, **({"domains": domains} if "domains" in given else {})}
        return table if table.get("enabled") else None

    def _hosts(self, network: Mapping[str, Any]) -> HostLists | None:
        """Return the hosts that the network is limited to; None where nothing limits it."""
        if not (network.keys() - {"enabled"}):
            return None
        # Imported when there is one: most configurations limit no hosts.
        from codex_trio.config.host_lists import read_lists

        way_out = f'set "{{host}}" = "allow" in [permissions.{_key(self._name)}.network.domains]'
        lists, warnings = read_lists(network, source=f"permissions profile `{self._name}`", way_out=way_out)
        self.warnings += warnings
        return lists

    def _more_roots(self, chain: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[str, ...]:
        wanted: dict[str, bool] = {}
        for _, level in reversed(chain):
            wanted |= level.get("workspace_roots") or {}
        return tuple(self._absolute(path) for path, is_wanted in wanted.items() if is_wanted)


def _key(name: str) -> str:
    """Return a name as it stands between the dots of a table's heading."""
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)

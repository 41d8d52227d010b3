"""A sandbox policy as exec-servers are told it: a profile of entries, and the folders that these are about.

Owns the translation both ways. What a profile asks for beyond our policies is refused, never left out. Protocol source:
`sandbox` of `process/start` and `fs/*`, release 0.171.0.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from codex_trio.environments.exec_protocol import SandboxContext, path_from_wire
from codex_trio.environments.place import WorkPlace
from codex_trio.sandbox.denied import denied_patterns, read_only_paths, readable_paths
from codex_trio.sandbox.policy import (
    DangerFullAccess,
    ExternalSandbox,
    HostLimits,
    ReadableParts,
    ReadOnly,
    SandboxLimits,
    SandboxPolicy,
    WorkspaceWrite,
    everywhere,
    has_network,
)
from codex_trio.sandbox.protected import PROTECTED_NAMES
from codex_trio.sandbox.roots import is_within


class UnknownPermissions(Exception):
    """A profile that cannot be enforced here as it is meant. The message says what of it."""


def context_of(place: WorkPlace, written: Callable[[str], str]) -> SandboxContext | None:
    """Return what a place's policy is told as, with paths in the form that `written` gives; None where it is none."""
    policy = place.policy
    if isinstance(policy, DangerFullAccess):
        return None
    workspace = [place.cwd]
    network = "enabled" if has_network(policy) else "restricted"
    if isinstance(policy, ExternalSandbox):
        permissions: dict[str, Any] = {"type": "external", "network": network}
    else:
        entries = _readable(policy.limits, place.cwd, written)
        if isinstance(policy, WorkspaceWrite):
            workspace = [place.cwd] if policy.workspace_roots is None else list(policy.workspace_roots)
            entries += _writable(policy, place.cwd, written)
        entries += _closed(policy.limits, place.cwd, written)
        permissions = {
            "type": "managed",
            "file_system": {"type": "restricted", "entries": entries},
            "network": network,
        }
    return SandboxContext(
        permissions=permissions,
        cwd=written(place.cwd),
        workspace_roots=[written(os.path.join(place.cwd, path)) for path in workspace],
    )


def _readable(limits: SandboxLimits | None, cwd: str, written: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return what may be read."""
    if limits is None or limits.readable is None:
        return [_special("root", "read")]
    own = msgspec.structs.replace(limits, readable=msgspec.structs.replace(limits.readable, system=False))
    paths = readable_paths(own, cwd=cwd) or []
    system = [_special("minimal", "read")] if limits.readable.system else []
    return [*system, *({"path": {"type": "path", "path": written(path)}, "access": "read"} for path in paths)]


def _closed(limits: SandboxLimits | None, cwd: str, written: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return what is closed of what is open: whoever cannot see to it must refuse the command."""
    return [
        {"path": {"type": "path", "path": written(path)}, "access": access}
        for access, paths in (
            ("read", read_only_paths(limits, cwd=cwd)),
            ("none", denied_patterns(limits, cwd=cwd)),
        )
        for path in paths
    ]


def _writable(policy: WorkspaceWrite, cwd: str, written: Callable[[str], str]) -> list[dict[str, Any]]:
    entries = [_special("project_roots", "write")]
    if not policy.exclude_slash_tmp:
        entries.append(_special("slash_tmp", "write"))
    if not policy.exclude_tmpdir_env_var:
        entries.append(_special("tmpdir", "write"))
    for path in policy.writable_roots:
        value = {"type": "path", "path": written(os.path.join(cwd, path))}
        entries.append({"path": value, "access": "write"})
    protected = (_special("project_roots", "read", subpath=name) for name in PROTECTED_NAMES)
    return [*entries, *({**entry, "missing_path_behavior": "skip"} for entry in protected)]


def _special(kind: str, access: str, *, subpath: str | None = None) -> dict[str, Any]:
    value = {"kind": kind, **({} if subpath is None else {"subpath": subpath})}
    return {"path": {"type": "special", "value": value}, "access": access}


def place_of(
    context: SandboxContext | None, cwd: str, *, tmpdir: str | None, hosts: HostLimits | None = None
) -> WorkPlace:
    """Return where is worked, and under which policy, whose network leads to these hosts where they are limited.

    `tmpdir` is the `$TMPDIR` of this machine's commands. Raises UnknownPermissions, ValueError for what is no path.
    """
    if context is None:
        return WorkPlace(cwd=cwd, policy=_limited(DangerFullAccess(), hosts))
    home = path_from_wire(context.cwd)
    roots = None if context.workspace_roots is None else tuple(map(path_from_wire, context.workspace_roots))
    has_net = hosts is not None or context.permissions.get("network") == "enabled"
    policy = _policy(context.permissions, roots, has_net=has_net, tmpdir=tmpdir)
    return WorkPlace(cwd=home, policy=_limited(policy, hosts))


def _limited(policy: SandboxPolicy, hosts: HostLimits | None) -> SandboxPolicy:
    if hosts is None:
        return policy
    if isinstance(policy, ExternalSandbox):
        raise UnknownPermissions("permissions of type `external` leave nothing here to limit hosts by")
    if isinstance(policy, DangerFullAccess):
        return everywhere(SandboxLimits(hosts=hosts))
    return msgspec.structs.replace(
        policy, limits=msgspec.structs.replace(policy.limits or SandboxLimits(), hosts=hosts)
    )


def _policy(
    permissions: Mapping[str, Any], roots: tuple[str, ...] | None, *, has_net: bool, tmpdir: str | None
) -> SandboxPolicy:
    match permissions:
        case {"type": "disabled"}:
            return DangerFullAccess()
        case {"type": "external"}:
            return ExternalSandbox(network_access=has_net)
        case {"type": "managed", "file_system": {"type": "unrestricted"}} if has_net:
            return DangerFullAccess()
        case {"type": "managed", "file_system": {"type": "restricted", "entries": [*entries]}}:
            found = _Entries(has_net, roots)
            for entry in entries:
                found.take(entry)
            return found.policy(tmpdir)
        case {"type": str() as kind}:
            raise UnknownPermissions(f"permissions of type `{kind}` cannot be enforced in this form")
        case _:
            raise UnknownPermissions("`permissions` has no `type`")


def _below_roots(name: str) -> str:
    """Return a path below each of the folders to work in."""
    if os.path.isabs(name) or ".." in name.split("/"):
        raise UnknownPermissions(f"`{name}` is no path below the folders to work in")
    return name


class _Entries:
    """What the entries of a profile add up to."""

    def __init__(self, network: bool, roots: tuple[str, ...] | None) -> None:  # noqa: FBT001  # its only caller is above
        self._network = network
        self._roots = roots
        self._reads_all = False
        self._reads_system = False
        self._readable: list[str] = []
        self._denied: list[str] = []
        self._kept: list[str] = []
        self._special: set[str] = set()
        self._paths: list[str] = []

    def take(self, entry: Any) -> None:
        match entry:
            case {"access": "read", "path": {"type": "special", "value": {"kind": "root"}}}:
                self._reads_all = True
            case {"access": "read", "path": {"type": "special", "value": {"kind": "minimal"}}}:
                self._reads_system = True
            case {
                "access": "read",
                "path": {"type": "special", "value": {"kind": "project_roots", "subpath": str(name)}},
            }:
                if name not in PROTECTED_NAMES:
                    self._kept.append(_below_roots(name))
            case {"access": "none" | "deny", "path": {"type": "path", "path": str(path)}}:
                self._denied.append(path_from_wire(path))
            case {"access": "none" | "deny", "path": {"type": "glob_pattern", "pattern": str(pattern)}}:
                self._denied.append(path_from_wire(pattern))
            case {
                "access": "none" | "deny",
                "path": {"type": "special", "value": {"kind": "project_roots", "subpath": str(name)}},
            }:
                self._denied.append(_below_roots(name))
            case {"access": "write", "path": {"type": "special", "value": {"kind": str(kind)} as value}} if (
                kind in ("project_roots", "slash_tmp", "tmpdir") and value.get("subpath") is None
            ):
                self._special.add(kind)
            case {"access": "write", "path": {"type": "path", "path": str(path)}}:
                self._paths.append(path_from_wire(path))
            case {"access": "read", "path": {"type": "path", "path": str(path)}} if (
                os.path.basename(path_from_wire(path)) in PROTECTED_NAMES
            ):
                pass
            case {"access": "read", "path": {"type": "path", "path": str(path)}}:
                self._readable.append(path_from_wire(path))
            case _:
                raise UnknownPermissions(f"this entry cannot be enforced: {entry}")

    def policy(self, tmpdir: str | None) -> SandboxPolicy:
        """Return the policy that does what they say."""
        readable = None
        if not self._reads_all:
            readable = ReadableParts(paths=tuple(self._readable), system=self._reads_system)
        named = {"project_roots": self._roots or (), "slash_tmp": ("/tmp",), "tmpdir": (tmpdir,) if tmpdir else ()}
        opened = [*self._paths, *(folder for kind in self._special for folder in named[kind])]
        # Who may write a folder may read it, which is no wish to close it.
        inside = [
            path for path in self._readable if path not in opened and any(is_within(path, folder) for folder in opened)
        ]
        limits: SandboxLimits | None = SandboxLimits(
            denied=tuple(self._denied), read_only=(*inside, *self._kept), readable=readable
        )
        if limits == SandboxLimits():
            limits = None
        elif self._kept or any(not os.path.isabs(path) for path in self._denied):
            limits = msgspec.structs.replace(limits, roots=self._roots)
        if not self._special and not self._paths:
            return ReadOnly(network_access=self._network, limits=limits)
        return WorkspaceWrite(
            writable_roots=tuple(self._paths),
            network_access=self._network,
            exclude_slash_tmp="slash_tmp" not in self._special,
            exclude_tmpdir_env_var="tmpdir" not in self._special,
            workspace_roots=self._roots if "project_roots" in self._special else (),
            limits=limits,
        )

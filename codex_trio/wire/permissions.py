"""Permissions beyond the sandbox, and questions about them, between their domain and their wire form."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from codex_trio_protocol.v2 import permissions as wire
from codex_trio_protocol.v2.approval import PermissionsRequestApprovalParams, PermissionsRequestApprovalResponse
from msgspec import UNSET

from codex_trio.sandbox.additional import NOTHING, AdditionalPermissions
from codex_trio.tools.review import PermissionGrant, PermissionsQuestion
from codex_trio.util.visible import with_unseen


def permissions_approval(thread_id: str, question: PermissionsQuestion) -> PermissionsRequestApprovalParams:
    """Return the params of `item/permissions/requestApproval`."""
    wanted = additional_to_wire(question.wanted)
    return PermissionsRequestApprovalParams(
        thread_id=thread_id,
        turn_id=question.turn_id,
        item_id=question.item_id,
        environment_id=question.environment_id,
        started_at_ms=question.started_ms,
        cwd=question.cwd,
        reason=None if question.reason is None else with_unseen(question.reason),
        permissions=wire.RequestPermissionProfile(network=wanted.network, file_system=wanted.file_system),
    )


def additional_to_wire(permissions: AdditionalPermissions) -> wire.AdditionalPermissionProfile:
    """Return permissions, their paths in the older and in the newer form."""
    files = None
    if permissions.read or permissions.write:
        files = wire.AdditionalFileSystemPermissions(
            read=list(permissions.read) or None,
            write=list(permissions.write) or None,
            entries=[*_entries(permissions.read, "read"), *_entries(permissions.write, "write")],
        )
    network = wire.AdditionalNetworkPermissions(enabled=True) if permissions.network else None
    return wire.AdditionalPermissionProfile(network=network, file_system=files)


def grant_from_wire(response: PermissionsRequestApprovalResponse) -> PermissionGrant:
    """Return what a client grants; what is not understood is not granted."""
    is_strict = response.strict_auto_review is True
    if is_strict and response.scope == "session":
        return PermissionGrant(refusal="`strictAutoReview` is for grants that hold for the turn alone")
    granted = response.permissions
    network = granted.network is not None and granted.network.enabled is True
    files = None if granted.file_system is None else _files(granted.file_system)
    if granted.file_system is not None and files is None:
        return PermissionGrant(
            scope=response.scope,
            strict_review=is_strict,
            refusal="the answer keeps something closed that has no path: nothing of it is granted",
        )
    read, write, denied = files or ((), (), ())
    permissions = AdditionalPermissions(network=network, read=read, write=write, denied=denied)
    return PermissionGrant(
        permissions=NOTHING if permissions.opens_nothing else permissions,
        scope=response.scope,
        strict_review=is_strict,
    )


def _entries(paths: Sequence[str], access: wire.FileSystemAccessMode) -> list[wire.FileSystemSandboxEntry]:
    return [wire.FileSystemSandboxEntry(path=wire.PathFileSystemPath(path=path), access=access) for path in paths]


def _files(
    granted: wire.AdditionalFileSystemPermissions,
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]] | None:
    """Return the paths that may be read, written and not even read; None where it closes what no path names."""
    read = [*(granted.read or ())]
    write = [*(granted.write or ())]
    denied: list[str] = []
    for entry in granted.entries or () if granted.entries is not UNSET else ():
        match entry:
            case wire.FileSystemSandboxEntry(path=wire.PathFileSystemPath(path=path), access="read"):
                read.append(path)
            case wire.FileSystemSandboxEntry(path=wire.PathFileSystemPath(path=path), access="write"):
                write.append(path)
            case wire.FileSystemSandboxEntry(path=wire.PathFileSystemPath(path=path)):
                denied.append(path)
            case wire.FileSystemSandboxEntry(
                path=wire.GlobPatternFileSystemPath(pattern=pattern), access="deny" | "none"
            ):
                denied.append(pattern)
            case wire.FileSystemSandboxEntry(access="read" | "write"):
                continue  # Nobody asks for places by other names than paths, so this is more than was asked for.
            case _:
                return None
    if not all(map(os.path.isabs, denied)):
        return None
    return _normal(read), _normal(write), _normal(denied)


def _normal(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the absolute ones of paths, in one form each."""
    return tuple(dict.fromkeys(os.path.normpath(path) for path in paths if os.path.isabs(path)))

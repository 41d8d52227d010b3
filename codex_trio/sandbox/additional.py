"""What may be done beyond a sandbox policy, for one command, a turn or a session.

Owns: the value, how two of them compare and add up, and the policy that follows. Pure. Does not own: who grants it
(`tools/review.py`).
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from codex_trio.sandbox.policy import ReadOnly, SandboxLimits, SandboxPolicy, WorkspaceWrite, with_denied
from codex_trio.sandbox.protected import PROTECTED_NAMES
from codex_trio.sandbox.roots import is_within


class AdditionalPermissions(msgspec.Struct, frozen=True, kw_only=True):
    """Paths are absolute and normalised; what may be written may be read."""

    network: bool = False
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    """What must not even be read as long as the rest holds."""

    @property
    def opens_nothing(self) -> bool:
        """Whether nothing follows from it."""
        return not (self.network or self.read or self.write)


NOTHING = AdditionalPermissions()
_OF_EVERY_SANDBOX = ("/dev", "/proc")


def is_of_every_sandbox(path: str) -> bool:
    """Return whether every confined command has a place of its own under that path, so that none can be opened."""
    return any(is_within(path, folder) for folder in _OF_EVERY_SANDBOX)


def to_plain(permissions: AdditionalPermissions) -> dict[str, Any]:
    """Return the form in which models, and whoever decides, are told of permissions."""
    paths = {"read": permissions.read, "write": permissions.write, "deny": permissions.denied}
    files = {kind: list(found) for kind, found in paths.items() if found}
    return {"network": {"enabled": True} if permissions.network else None, "file_system": files or None}


def joined(first: AdditionalPermissions, second: AdditionalPermissions) -> AdditionalPermissions:
    """Return what one of the two lets be done, but for what one of them denies."""
    return AdditionalPermissions(
        network=first.network or second.network,
        read=tuple(dict.fromkeys((*first.read, *second.read))),
        write=tuple(dict.fromkeys((*first.write, *second.write))),
        denied=tuple(dict.fromkeys((*first.denied, *second.denied))),
    )


def covers(granted: AdditionalPermissions, wanted: AdditionalPermissions) -> bool:
    """Return whether all that is wanted was granted before."""
    return wanted.opens_nothing or (limited(wanted, granted) == wanted and not granted.denied)


def limited(wanted: AdditionalPermissions, allowed: AdditionalPermissions) -> AdditionalPermissions:
    """Return what of `wanted` lies within `allowed`; what it denies stays denied."""
    readable = (*allowed.read, *allowed.write)
    return AdditionalPermissions(
        network=wanted.network and allowed.network,
        read=tuple(path for path in wanted.read if any(is_within(path, folder) for folder in readable)),
        write=tuple(path for path in wanted.write if _is_open_by(path, allowed.write)),
        denied=wanted.denied,
    )


def with_additional(policy: SandboxPolicy, additional: AdditionalPermissions) -> SandboxPolicy:
    """Return a policy that lets more be done. What a policy denies is no less denied by it.

    Policies that are not enforced here stay as they are.
    """
    if additional.opens_nothing or not isinstance(policy, ReadOnly | WorkspaceWrite):
        return policy
    policy = msgspec.structs.replace(
        policy,
        network_access=policy.network_access or additional.network,
        limits=_reading(policy.limits, additional.read),
    )
    if additional.write:
        policy = _writing(policy, additional.write)
    return with_denied(policy, additional.denied)


def _writing(policy: ReadOnly | WorkspaceWrite, paths: tuple[str, ...]) -> WorkspaceWrite:
    if isinstance(policy, WorkspaceWrite):
        return msgspec.structs.replace(policy, writable_roots=(*policy.writable_roots, *paths))
    return WorkspaceWrite(
        writable_roots=paths,
        network_access=policy.network_access,
        exclude_tmpdir_env_var=True,
        exclude_slash_tmp=True,
        workspace_roots=(),
        limits=policy.limits,
    )


def _reading(limits: SandboxLimits | None, paths: tuple[str, ...]) -> SandboxLimits | None:
    if limits is None or limits.readable is None:
        return limits  # Everything may be read as it is.
    readable = msgspec.structs.replace(limits.readable, paths=(*limits.readable.paths, *paths))
    return msgspec.structs.replace(limits, readable=readable)


def _is_open_by(path: str, folders: Sequence[str]) -> bool:
    """Return whether whoever may write these folders may write a path: not what stays protected in one of them."""
    return any(
        is_within(path, folder) and not set(path.removeprefix(folder).split("/")).intersection(PROTECTED_NAMES)
        for folder in folders
    )

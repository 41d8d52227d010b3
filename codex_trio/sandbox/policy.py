"""What a sandboxed command may write and reach: the sandbox policy as a domain value.

Owns: the policy types, their plain (config and rollout) form, and the writable roots that follow from them.
Does not own: how a policy is enforced (`command`), nor when a command leaves the sandbox (`execpolicy`).
Called by: config loading, the engine, apply_patch (may this file be written?), and `command.wrap`.
"""

import os
from pathlib import Path
from typing import Any

import msgspec

from codex_trio.util import decoding

PROTECTED_NAMES = (".git", ".agents", ".codex", ".aws")
"""Entries of every writable root that stay read-only, also while they do not exist."""

_GITDIR_POINTER = "gitdir:"


class DangerFullAccess(msgspec.Struct, frozen=True):
    """No restriction at all. Protocol source: `SandboxPolicy.dangerFullAccess`."""


class ReadOnly(msgspec.Struct, frozen=True, kw_only=True):
    """Everything may be read, nothing written. Protocol source: `SandboxPolicy.readOnly`."""

    network_access: bool = False


class WorkspaceWrite(msgspec.Struct, frozen=True, kw_only=True):
    """Everything may be read; the workspace, `writable_roots` and the temporary folders may be written.

    `workspace_roots` are the workspace; None stands for the working directory. Protocol source:
    `SandboxPolicy.workspaceWrite`, and `runtimeWorkspaceRoots` of threads and turns.
    """

    writable_roots: tuple[str, ...] = ()
    network_access: bool = False
    exclude_tmpdir_env_var: bool = False
    exclude_slash_tmp: bool = False
    workspace_roots: tuple[str, ...] | None = None


class ExternalSandbox(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else confines the server: commands run as they are. Protocol source: `SandboxPolicy.externalSandbox`."""

    network_access: bool = False


SandboxPolicy = DangerFullAccess | ReadOnly | WorkspaceWrite | ExternalSandbox


class WritableRoot(msgspec.Struct, frozen=True):
    """A folder (or file) that commands may write, and what inside it they may not.

    All paths are absolute and free of symlinks, except that a protected path may itself be a link.
    """

    path: str
    protected: tuple[str, ...]


def to_plain(policy: SandboxPolicy) -> dict[str, Any]:
    """The form used in rollouts: a table with a kebab-case `type` and snake_case keys."""
    match policy:
        case DangerFullAccess():
            return {"type": "danger-full-access"}
        case ReadOnly():
            # The default is left out: older readers know no such key.
            return {"type": "read-only"} | ({"network_access": True} if policy.network_access else {})
        case WorkspaceWrite():
            fields = msgspec.structs.asdict(policy) | {"writable_roots": list(policy.writable_roots)}
            del fields["workspace_roots"]
            if policy.workspace_roots is not None:
                fields["workspace_roots"] = list(policy.workspace_roots)
            return {"type": "workspace-write", **fields}
        case ExternalSandbox():
            return {"type": "external-sandbox", "network_access": "enabled" if policy.network_access else "restricted"}


def from_plain(value: dict[str, Any]) -> SandboxPolicy:
    """The inverse of `to_plain`; unknown keys are ignored.

    Raises `msgspec.ValidationError` when the value is no sandbox policy.
    """
    match value.get("type"):
        case "danger-full-access":
            return DangerFullAccess()
        case "read-only":
            return decoding.convert(value, ReadOnly)
        case "workspace-write":
            return decoding.convert(value, WorkspaceWrite)
        case "external-sandbox":
            return ExternalSandbox(network_access=value.get("network_access") == "enabled")
        case other:
            raise msgspec.ValidationError(f"Invalid value {other!r} - at `$.type`")


def has_network(policy: SandboxPolicy) -> bool:
    """Whether commands under `policy` may use the network."""
    return isinstance(policy, DangerFullAccess) or policy.network_access


def is_enforced_here(policy: SandboxPolicy) -> bool:
    """Whether this server has to confine the command itself."""
    return isinstance(policy, ReadOnly | WorkspaceWrite)


def writable_roots(policy: WorkspaceWrite, *, cwd: str, tmpdir: str | None) -> tuple[WritableRoot, ...]:
    """The roots that `policy` opens for writing, parents before children; those that do not exist are left out.

    `cwd` is the policy's working directory (absolute), `tmpdir` the value of `$TMPDIR` that commands will see.
    """
    workspace = (cwd,) if policy.workspace_roots is None else policy.workspace_roots
    candidates = [os.path.join(cwd, root) for root in (*workspace, *policy.writable_roots)]
    if not policy.exclude_slash_tmp:
        candidates.append("/tmp")
    if tmpdir and os.path.isabs(tmpdir) and not policy.exclude_tmpdir_env_var:
        candidates.append(tmpdir)
    paths = sorted({os.path.realpath(path) for path in candidates if os.path.exists(path)}, key=_depth)
    git_folders = [folder for path in paths if (folder := _pointed_git_folder(path)) is not None]
    return tuple(
        WritableRoot(path, _protected(path) + tuple(folder for folder in git_folders if is_within(folder, path)))
        for path in paths
    )


def is_writable(path: str, policy: SandboxPolicy, *, cwd: str, tmpdir: str | None) -> bool:
    """Whether a command under `policy` could write `path` (absolute; it need not exist yet)."""
    if not isinstance(policy, WorkspaceWrite):
        return not isinstance(policy, ReadOnly)
    target = os.path.realpath(path)
    innermost: WritableRoot | None = None
    for root in writable_roots(policy, cwd=cwd, tmpdir=tmpdir):
        if is_within(target, root.path):
            innermost = root  # Parents come first, so the last match is the closest one.
    if innermost is None:
        return False
    return not any(
        is_within(target, protected) or is_within(target, os.path.realpath(protected))
        for protected in innermost.protected
    )


def is_within(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it; both absolute and normalised."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _depth(path: str) -> tuple[int, str]:
    return (0 if path == "/" else path.count("/"), path)


def _protected(root: str) -> tuple[str, ...]:
    if not os.path.isdir(root):
        return ()
    return tuple(os.path.join(root, name) for name in PROTECTED_NAMES)


def _pointed_git_folder(root: str) -> str | None:
    """The repository that `root/.git` points to when it is a file, as in worktrees and submodules."""
    pointer = Path(root, ".git")
    try:
        text = pointer.read_text(encoding="utf-8", errors="surrogateescape") if pointer.is_file() else ""
    except OSError:
        return None
    if not text.startswith(_GITDIR_POINTER):
        return None
    return os.path.realpath(os.path.join(root, text.removeprefix(_GITDIR_POINTER).strip()))

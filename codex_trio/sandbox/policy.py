"""What a sandboxed command may write and reach: the sandbox policy as a domain value.

Owns: the policy types and their plain (config and rollout) form. Pure.
Does not own: the folders that follow from a policy (`roots`), how it is enforced (`command`), nor when a command leaves
the sandbox (`execpolicy`).
"""

from typing import Any

import msgspec

from codex_trio.config.settings import HostLists
from codex_trio.util import decoding


class HostLimits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that limits the hosts of a command: what the user has chosen, and what an administrator requires."""

    own: HostLists | None = None
    required: HostLists | None = None

    @property
    def all(self) -> tuple[HostLists, ...]:
        """The administrator's first."""
        return tuple(lists for lists in (self.required, self.own) if lists is not None)

    @property
    def allows_local(self) -> bool:
        """Whether hosts of this machine and of private networks are like all others."""
        return next((lists.allows_local for lists in self.all if lists.allows_local is not None), False)

    @property
    def socks(self) -> bool:
        """Whether SOCKS is spoken."""
        return all(lists.socks for lists in self.all)

    def allowed(self) -> tuple[str, ...]:
        """Return the patterns of hosts that may be reached unasked, unless they are denied."""
        required = self.required
        if required is not None and required.is_final:
            return required.allowed
        return tuple(dict.fromkeys(pattern for lists in self.all for pattern in lists.allowed))

    def denied(self) -> tuple[str, ...]:
        """Return the patterns of hosts that nobody can open."""
        return tuple(dict.fromkeys(pattern for lists in self.all for pattern in lists.denied))


class ReadableParts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be read where not everything may be. What may be written may be read besides."""

    paths: tuple[str, ...] = ()
    """Absolute, or relative as in `SandboxLimits`; `.` stands for the folders to work in."""
    system: bool = False
    """The folders without which hardly a program runs."""


class SandboxLimits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a policy closes of what it would open.

    Paths are absolute, or relative to each of `roots`, the folders to work in (None stands for the working directory).
    """

    denied: tuple[str, ...] = ()
    """What must not even be read; may be glob patterns, in which `**` is any number of folders."""
    read_only: tuple[str, ...] = ()
    """What must not be written inside of what may be."""
    opens_workspace: bool = True
    """Whether the folders to work in may be written."""
    scan_depth: int | None = None
    """How many folders deep `**` is looked for."""
    roots: tuple[str, ...] | None = None
    hosts: HostLimits | None = None
    """Which hosts may be reached, by a proxy of ours that is then the only way out."""
    readable: ReadableParts | None = None
    """What may be read; None stands for everything."""


class DangerFullAccess(msgspec.Struct, frozen=True):
    """No restriction at all. Protocol source: `SandboxPolicy.dangerFullAccess`."""


class ReadOnly(msgspec.Struct, frozen=True, kw_only=True):
    """Everything may be read, nothing written. Protocol source: `SandboxPolicy.readOnly`."""

    network_access: bool = False
    limits: SandboxLimits | None = None


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
    limits: SandboxLimits | None = None


class ExternalSandbox(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else confines the server: commands run as they are. Protocol source: `SandboxPolicy.externalSandbox`."""

    network_access: bool = False


SandboxPolicy = DangerFullAccess | ReadOnly | WorkspaceWrite | ExternalSandbox


def to_plain(policy: SandboxPolicy) -> dict[str, Any]:
    """Return the form used in rollouts: a table with a kebab-case `type` and snake_case keys."""
    match policy:
        case DangerFullAccess():
            return {"type": "danger-full-access"}
        case ReadOnly():
            # The default is left out: older readers know no such key.
            return {
                "type": "read-only",
                **({"network_access": True} if policy.network_access else {}),
                **_limits_to_plain(policy.limits),
            }
        case WorkspaceWrite():
            fields = msgspec.structs.asdict(policy) | {"writable_roots": list(policy.writable_roots)}
            del fields["workspace_roots"], fields["limits"]
            if policy.workspace_roots is not None:
                fields["workspace_roots"] = list(policy.workspace_roots)
            return {"type": "workspace-write", **fields, **_limits_to_plain(policy.limits)}
        case ExternalSandbox():
            return {"type": "external-sandbox", "network_access": "enabled" if policy.network_access else "restricted"}


def _limits_to_plain(limits: SandboxLimits | None) -> dict[str, Any]:
    return {} if limits is None else {"limits": msgspec.to_builtins(limits)}


def from_plain(value: dict[str, Any]) -> SandboxPolicy:
    """Return the inverse of `to_plain`; unknown keys are ignored.

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


def mode_of(policy: SandboxPolicy) -> str:
    """Return the name of the mode that a policy belongs to."""
    match policy:
        case DangerFullAccess():
            return "danger-full-access"
        case ReadOnly():
            return "read-only"
        case WorkspaceWrite():
            return "workspace-write"
        case ExternalSandbox():
            return "external-sandbox"


def limits_of(policy: SandboxPolicy) -> SandboxLimits | None:
    """Return what a policy closes of what it would open."""
    return policy.limits if isinstance(policy, ReadOnly | WorkspaceWrite) else None


def with_roots(policy: SandboxPolicy, roots: tuple[str, ...]) -> SandboxPolicy:
    """Return the policy with the folders that its limits are about."""
    if not isinstance(policy, ReadOnly | WorkspaceWrite) or policy.limits is None:
        return policy
    return msgspec.structs.replace(policy, limits=msgspec.structs.replace(policy.limits, roots=roots))


def with_denied(policy: SandboxPolicy, denied: tuple[str, ...]) -> SandboxPolicy:
    """Return the policy without the right to read some paths. Policies that are not enforced stay as they are."""
    if not isinstance(policy, ReadOnly | WorkspaceWrite):
        return policy
    limits = policy.limits or SandboxLimits()
    all_denied = tuple(dict.fromkeys((*limits.denied, *denied)))
    if all_denied == limits.denied:
        return policy
    return msgspec.structs.replace(policy, limits=msgspec.structs.replace(limits, denied=all_denied))


def outside(policy: SandboxPolicy) -> SandboxPolicy:
    """Return what holds for a command that may leave the sandbox.

    It still reads nothing that is denied, and reaches no host that an administrator does not let be reached.
    """
    limits = limits_of(policy)
    hosts = None if limits is None or limits.hosts is None else limits.hosts.required
    if limits is None or not (limits.denied or hosts):
        return DangerFullAccess()
    return everywhere(msgspec.structs.replace(limits, read_only=(), readable=None, hosts=_host_limits(None, hosts)))


def everywhere(limits: SandboxLimits) -> WorkspaceWrite:
    """Return a policy that opens everything but for these limits."""
    return WorkspaceWrite(
        writable_roots=("/",),
        network_access=True,
        exclude_tmpdir_env_var=True,
        exclude_slash_tmp=True,
        workspace_roots=(),
        limits=limits,
    )


def has_network(policy: SandboxPolicy) -> bool:
    """Return whether commands under `policy` may use the network."""
    return isinstance(policy, DangerFullAccess) or policy.network_access


def hosts_of(policy: SandboxPolicy) -> HostLimits | None:
    """Return the hosts that the network is limited to; None where it is open or closed as a whole."""
    limits = limits_of(policy)
    return limits.hosts if limits is not None and has_network(policy) else None


def with_required_hosts(policy: SandboxPolicy, required: HostLists | None) -> SandboxPolicy:
    """Return the policy with what an administrator requires of hosts, which counts as soon as there is a network.

    Policies that are not enforced stay as they are.
    """
    if not isinstance(policy, ReadOnly | WorkspaceWrite):
        return policy
    limits = policy.limits or SandboxLimits()
    hosts = _host_limits(None if limits.hosts is None else limits.hosts.own, required)
    if hosts == limits.hosts:
        return policy
    limits = msgspec.structs.replace(limits, hosts=hosts)
    return msgspec.structs.replace(policy, limits=None if limits == SandboxLimits() else limits)


def _host_limits(own: HostLists | None, required: HostLists | None) -> HostLimits | None:
    return None if own is None and required is None else HostLimits(own=own, required=required)


def is_enforced_here(policy: SandboxPolicy) -> bool:
    """Return whether this server has to confine the command itself."""
    return isinstance(policy, ReadOnly | WorkspaceWrite)

"""What a thread may do: approval policies, sandboxes, permission profiles."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import AbsolutePathParam, Params, Tagged, UInt, UInt32, Until, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString

ApprovalsReviewer: TypeAlias = Literal["user", "auto_review", "guardian_subagent"]
"""Who decides on approval requests: the user's client, or a reviewing sub-agent (`guardian_subagent` is its older
name).
"""


class GranularApproval(Wire, rename=None):
    """For each kind of request, whether it may reach the reviewer at all; false refuses it unasked."""

    sandbox_approval: bool
    rules: bool
    skill_approval: bool = False
    request_permissions: bool = False
    mcp_elicitations: bool


class GranularAskForApproval(Wire):
    """The policy that switches each kind of request separately."""

    experimental_reason: ClassVar[str | None] = "askForApproval.granular"

    granular: GranularApproval


AskForApproval: TypeAlias = (
    Literal["untrusted", "on-request"]
    | GranularAskForApproval
    | Literal["never"]
    | Annotated[Literal["on-failure"], Until("0.131.0")]
)
"""When to ask before running something: `untrusted` for all but commands known to be harmless, `on-request` when the
model asks to leave the sandbox, `never`.
"""


NetworkAccess: TypeAlias = Literal["restricted", "enabled"]
"""Whether an outer sandbox lets commands reach the network."""


class PermissionProfileListParams(Params):
    """List the permission profiles that may be chosen. Without a limit all come at once.

    Errors: -32600 for an unreadable cursor.
    """

    cursor: str | None = None
    limit: UInt32 | None = None
    cwd: str | None = None


SandboxMode: TypeAlias = Literal["read-only", "workspace-write", "danger-full-access"]
"""Name of a sandbox, as configuration spells it."""


class DangerFullAccessSandboxPolicy(Tagged, tag="dangerFullAccess"):
    """No sandbox."""


class ReadOnlySandboxPolicy(Tagged, tag="readOnly"):
    """Read everything, write nothing."""

    network_access: bool = False


class ExternalSandboxSandboxPolicy(Tagged, tag="externalSandbox"):
    """Somebody else confines the whole server; commands run without a sandbox of their own."""

    network_access: NetworkAccess = "restricted"


class WorkspaceWriteSandboxPolicy(Tagged, tag="workspaceWrite"):
    """Read everything, write below the working directory, the given roots and temporary folders."""

    writable_roots: list[AbsolutePathParam] = field(default_factory=list)
    network_access: bool = False
    exclude_tmpdir_env_var: bool = False
    """Keep `$TMPDIR` read-only too."""
    exclude_slash_tmp: bool = False
    """Keep `/tmp` read-only too."""


SandboxPolicy: TypeAlias = (
    DangerFullAccessSandboxPolicy | ReadOnlySandboxPolicy | ExternalSandboxSandboxPolicy | WorkspaceWriteSandboxPolicy
)
"""What commands of a thread may touch."""


FileSystemAccessMode: TypeAlias = Literal["read", "write", "deny"] | Annotated[Literal["none"], Until("0.131.0")]
"""What an entry grants. `deny` wins over the others; `none` is its older name."""


class RootFileSystemSpecialPath(Wire, tag_field="kind", tag="root"):
    """The whole file system."""


class MinimalFileSystemSpecialPath(Wire, tag_field="kind", tag="minimal"):
    """The system folders without which hardly a program runs."""


class ProjectRootsFileSystemSpecialPath(Wire, tag_field="kind", tag="project_roots"):
    """The workspace roots, or a path below each of them."""

    subpath: LegacyAppPathString | None = None


class TmpdirFileSystemSpecialPath(Wire, tag_field="kind", tag="tmpdir"):
    """The folder that `$TMPDIR` names."""


class SlashTmpFileSystemSpecialPath(Wire, tag_field="kind", tag="slash_tmp"):
    """`/tmp`."""


class UnknownFileSystemSpecialPath(Wire, tag_field="kind", tag="unknown"):
    """A special path that this release does not know; kept, without effect."""

    path: str
    subpath: LegacyAppPathString | None = None


FileSystemSpecialPath: TypeAlias = (
    RootFileSystemSpecialPath
    | MinimalFileSystemSpecialPath
    | ProjectRootsFileSystemSpecialPath
    | TmpdirFileSystemSpecialPath
    | SlashTmpFileSystemSpecialPath
    | UnknownFileSystemSpecialPath
)
"""A place that has a meaning instead of a fixed path."""


class PathFileSystemPath(Tagged, tag="path"):
    """A file or folder."""

    path: LegacyAppPathString


class GlobPatternFileSystemPath(Tagged, tag="glob_pattern"):
    """All files that match a pattern."""

    pattern: str


class SpecialFileSystemPath(Tagged, tag="special"):
    """A place with a meaning."""

    value: FileSystemSpecialPath


FileSystemPath: TypeAlias = PathFileSystemPath | GlobPatternFileSystemPath | SpecialFileSystemPath
"""What a file system entry is about."""


class FileSystemSandboxEntry(Wire):
    """One rule of a file system policy."""

    path: FileSystemPath
    access: FileSystemAccessMode


class AdditionalFileSystemPermissions(Wire):
    """Files beyond the sandbox. `read` and `write` are the older form of `entries`."""

    read: list[LegacyAppPathString] | None = None
    write: list[LegacyAppPathString] | None = None
    glob_scan_max_depth: UInt | UnsetType | None = UNSET
    """How many folders deep patterns are resolved; left out for the default."""
    entries: list[FileSystemSandboxEntry] | UnsetType | None = UNSET


class AdditionalNetworkPermissions(Wire):
    """Network beyond the sandbox; null asks for nothing."""

    enabled: bool | None = None


class AdditionalPermissionProfile(Wire):
    """What a single command needs beyond its sandbox."""

    network: AdditionalNetworkPermissions | None = None
    file_system: AdditionalFileSystemPermissions | None = None


class RequestPermissionProfile(Wire, forbid_unknown_fields=True):
    """What the model asks to be allowed. Null parts ask for nothing."""

    network: AdditionalNetworkPermissions | None = None
    file_system: AdditionalFileSystemPermissions | None = None


class GrantedPermissionProfile(Params):
    """What the client allows of what was asked. Null parts grant nothing."""

    network: AdditionalNetworkPermissions | None = None
    file_system: AdditionalFileSystemPermissions | None = None


class ActivePermissionProfile(Wire):
    """The profile that a thread's permissions came from, and the one that it extends."""

    id: str
    """Built-in names begin with a colon, such as `:workspace`."""
    extends: str | None = None


class PermissionProfileSummary(Wire):
    """A profile that could be chosen; `allowed` is false when requirements forbid it."""

    id: str
    description: str | None = None
    allowed: bool


class PermissionProfileListResponse(Wire):
    """A page of profiles; a null cursor marks the last one."""

    data: list[PermissionProfileSummary]
    next_cursor: str | None = None


class RestrictedPermissionProfileFileSystemPermissions(Tagged, tag="restricted"):
    """Only what the entries grant."""

    entries: list[FileSystemSandboxEntry]
    glob_scan_max_depth: UInt | None = None


class UnrestrictedPermissionProfileFileSystemPermissions(Tagged, tag="unrestricted"):
    """Any file."""


PermissionProfileFileSystemPermissions: TypeAlias = (
    RestrictedPermissionProfileFileSystemPermissions | UnrestrictedPermissionProfileFileSystemPermissions
)
"""File access of a spelled-out profile (release 0.131)."""


class PermissionProfileNetworkPermissions(Params):
    """Network access of a spelled-out profile (release 0.131)."""

    enabled: bool


class ManagedPermissionProfile(Tagged, tag="managed"):
    """The server builds a sandbox from these permissions."""

    file_system: PermissionProfileFileSystemPermissions
    network: PermissionProfileNetworkPermissions


class DisabledPermissionProfile(Tagged, tag="disabled"):
    """No sandbox."""


class ExternalPermissionProfile(Tagged, tag="external"):
    """Files are confined from outside; only the network is described."""

    network: PermissionProfileNetworkPermissions


PermissionProfile: TypeAlias = ManagedPermissionProfile | DisabledPermissionProfile | ExternalPermissionProfile
"""Permissions spelled out in a request. Releases up to 0.131 take them where later ones take a profile's name."""

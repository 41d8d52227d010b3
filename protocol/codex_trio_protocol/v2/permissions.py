"""TODO module permissions"""

from typing import ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import AbsolutePathParam, Params, Tagged, UInt32, UInt64, Wire
from codex_trio_protocol.v2.common import LegacyAppPathString

ApprovalsReviewer: TypeAlias = Literal["user", "auto_review", "guardian_subagent"]
"""TODO ApprovalsReviewer"""


class GranularApproval(Wire, rename=None):
    """TODO GranularApproval"""

    mcp_elicitations: bool
    request_permissions: bool = False
    rules: bool
    sandbox_approval: bool
    skill_approval: bool = False


class GranularAskForApproval(Wire):
    """TODO GranularAskForApproval"""

    experimental_reason: ClassVar[str | None] = "askForApproval.granular"

    granular: GranularApproval


AskForApproval: TypeAlias = Literal["untrusted", "on-request", "never", "on-failure"] | GranularAskForApproval
"""TODO AskForApproval"""


NetworkAccess: TypeAlias = Literal["restricted", "enabled"]
"""TODO NetworkAccess"""


class PermissionProfileListParams(Params):
    """TODO PermissionProfileListParams"""

    cursor: str | None = None
    limit: UInt32 | None = None
    cwd: str | None = None


SandboxMode: TypeAlias = Literal["read-only", "workspace-write", "danger-full-access"]
"""TODO SandboxMode"""


class DangerFullAccessSandboxPolicy(Tagged, tag="dangerFullAccess"):
    """TODO DangerFullAccessSandboxPolicy"""


class ReadOnlySandboxPolicy(Tagged, tag="readOnly"):
    """TODO ReadOnlySandboxPolicy"""

    network_access: bool = False


class ExternalSandboxSandboxPolicy(Tagged, tag="externalSandbox"):
    """TODO ExternalSandboxSandboxPolicy"""

    network_access: NetworkAccess = "restricted"


class WorkspaceWriteSandboxPolicy(Tagged, tag="workspaceWrite"):
    """TODO WorkspaceWriteSandboxPolicy"""

    writable_roots: list[AbsolutePathParam] = field(default_factory=list)
    network_access: bool = False
    exclude_tmpdir_env_var: bool = False
    exclude_slash_tmp: bool = False


SandboxPolicy: TypeAlias = (
    DangerFullAccessSandboxPolicy | ReadOnlySandboxPolicy | ExternalSandboxSandboxPolicy | WorkspaceWriteSandboxPolicy
)
"""TODO SandboxPolicy"""


FileSystemAccessMode: TypeAlias = Literal["read", "write", "deny", "none"]
"""TODO FileSystemAccessMode"""


class RootFileSystemSpecialPath(Wire, tag_field="kind", tag="root"):
    """TODO RootFileSystemSpecialPath"""


class MinimalFileSystemSpecialPath(Wire, tag_field="kind", tag="minimal"):
    """TODO MinimalFileSystemSpecialPath"""


class ProjectRootsFileSystemSpecialPath(Wire, tag_field="kind", tag="project_roots"):
    """TODO ProjectRootsFileSystemSpecialPath"""

    subpath: LegacyAppPathString | None = None


class TmpdirFileSystemSpecialPath(Wire, tag_field="kind", tag="tmpdir"):
    """TODO TmpdirFileSystemSpecialPath"""


class SlashTmpFileSystemSpecialPath(Wire, tag_field="kind", tag="slash_tmp"):
    """TODO SlashTmpFileSystemSpecialPath"""


class UnknownFileSystemSpecialPath(Wire, tag_field="kind", tag="unknown"):
    """TODO UnknownFileSystemSpecialPath"""

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
"""TODO FileSystemSpecialPath"""


class PathFileSystemPath(Tagged, tag="path"):
    """TODO PathFileSystemPath"""

    path: LegacyAppPathString


class GlobPatternFileSystemPath(Tagged, tag="glob_pattern"):
    """TODO GlobPatternFileSystemPath"""

    pattern: str


class SpecialFileSystemPath(Tagged, tag="special"):
    """TODO SpecialFileSystemPath"""

    value: FileSystemSpecialPath


FileSystemPath: TypeAlias = PathFileSystemPath | GlobPatternFileSystemPath | SpecialFileSystemPath
"""TODO FileSystemPath"""


class FileSystemSandboxEntry(Wire):
    """TODO FileSystemSandboxEntry"""

    path: FileSystemPath
    access: FileSystemAccessMode


class AdditionalFileSystemPermissions(Wire):
    """TODO AdditionalFileSystemPermissions"""

    read: list[LegacyAppPathString] | None = None
    write: list[LegacyAppPathString] | None = None
    glob_scan_max_depth: UInt64 | UnsetType | None = UNSET
    entries: list[FileSystemSandboxEntry] | None = None


class AdditionalNetworkPermissions(Wire):
    """TODO AdditionalNetworkPermissions"""

    enabled: bool | None = None


class AdditionalPermissionProfile(Wire):
    """TODO AdditionalPermissionProfile"""

    network: AdditionalNetworkPermissions | None = None
    file_system: AdditionalFileSystemPermissions | None = None


class RequestPermissionProfile(Wire, forbid_unknown_fields=True):
    """TODO RequestPermissionProfile"""

    network: AdditionalNetworkPermissions | None = None
    file_system: AdditionalFileSystemPermissions | None = None


class GrantedPermissionProfile(Params):
    """TODO GrantedPermissionProfile"""

    network: AdditionalNetworkPermissions | None = None
    file_system: AdditionalFileSystemPermissions | None = None


class ActivePermissionProfile(Wire):
    """TODO ActivePermissionProfile"""

    id: str
    extends: str | None = None


class PermissionProfileSummary(Wire):
    """TODO PermissionProfileSummary"""

    id: str
    description: str | None = None
    allowed: bool


class PermissionProfileListResponse(Wire):
    """TODO PermissionProfileListResponse"""

    data: list[PermissionProfileSummary]
    next_cursor: str | None = None


class RestrictedPermissionProfileFileSystemPermissions(Tagged, tag="restricted"):
    """TODO RestrictedPermissionProfileFileSystemPermissions"""

    entries: list[FileSystemSandboxEntry]
    glob_scan_max_depth: UInt64 | None = None


class UnrestrictedPermissionProfileFileSystemPermissions(Tagged, tag="unrestricted"):
    """TODO UnrestrictedPermissionProfileFileSystemPermissions"""


PermissionProfileFileSystemPermissions: TypeAlias = (
    RestrictedPermissionProfileFileSystemPermissions | UnrestrictedPermissionProfileFileSystemPermissions
)
"""TODO PermissionProfileFileSystemPermissions"""


class PermissionProfileNetworkPermissions(Params):
    """TODO PermissionProfileNetworkPermissions"""

    enabled: bool


class ManagedPermissionProfile(Tagged, tag="managed"):
    """TODO ManagedPermissionProfile"""

    file_system: PermissionProfileFileSystemPermissions
    network: PermissionProfileNetworkPermissions


class DisabledPermissionProfile(Tagged, tag="disabled"):
    """TODO DisabledPermissionProfile"""


class ExternalPermissionProfile(Tagged, tag="external"):
    """TODO ExternalPermissionProfile"""

    network: PermissionProfileNetworkPermissions


PermissionProfile: TypeAlias = ManagedPermissionProfile | DisabledPermissionProfile | ExternalPermissionProfile
"""TODO PermissionProfile"""

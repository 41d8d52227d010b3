"""TODO module thread_settings"""

from typing import ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import AbsolutePathBuf, Params, UInt32, Wire
from codex_trio_protocol.v2.common import (
    CollaborationMode,
    MultiAgentMode,
    Personality,
    ReasoningEffort,
    ReasoningSummary,
)
from codex_trio_protocol.v2.environment import ThreadEnvironment, TurnEnvironmentParams
from codex_trio_protocol.v2.permissions import ActivePermissionProfile, ApprovalsReviewer, AskForApproval, SandboxPolicy
from codex_trio_protocol.v2.thread import Thread


class MemoryStatusParams(Params):
    """TODO MemoryStatusParams"""

    min_consolidated_threads: UInt32 | None = None


ThreadMemoryMode: TypeAlias = Literal["enabled", "disabled"]
"""TODO ThreadMemoryMode"""


class ThreadMemoryModeSetParams(Params):
    """TODO ThreadMemoryModeSetParams"""

    thread_id: str
    mode: ThreadMemoryMode


class ThreadMemoryReadParams(Params):
    """TODO ThreadMemoryReadParams"""

    thread_id: str


class ThreadMetadataGitInfoUpdateParams(Params):
    """TODO ThreadMetadataGitInfoUpdateParams"""

    sha: str | UnsetType | None = UNSET
    branch: str | UnsetType | None = UNSET
    origin_url: str | UnsetType | None = UNSET


class ThreadMetadataUpdateParams(Params):
    """TODO ThreadMetadataUpdateParams"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"daybreak_enabled", "project_id"})

    thread_id: str
    project_id: str | None = None
    git_info: ThreadMetadataGitInfoUpdateParams | None = None
    daybreak_enabled: bool | None = None


class ThreadSetNameParams(Params):
    """TODO ThreadSetNameParams"""

    thread_id: str
    name: str


class ThreadSettingsUpdateParams(Params):
    """TODO ThreadSettingsUpdateParams"""

    thread_id: str
    disabled_plugin_ids: list[str] | None = None
    cwd: str | None = None
    environments: list[TurnEnvironmentParams] | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox_policy: SandboxPolicy | None = None
    permissions: str | None = None
    model: str | None = None
    service_tier: str | UnsetType | None = UNSET
    effort: ReasoningEffort | None = None
    summary: ReasoningSummary | None = None
    collaboration_mode: CollaborationMode | None = None
    multi_agent_mode: MultiAgentMode | None = None
    personality: Personality | None = None


class ThreadNameUpdatedNotification(Wire):
    """TODO ThreadNameUpdatedNotification"""

    thread_id: str
    thread_name: str | None = None


class ThreadSettings(Wire):
    """TODO ThreadSettings"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"environments", "multi_agent_mode"})

    disabled_plugin_ids: list[str] = field(default_factory=list)
    cwd: AbsolutePathBuf
    environments: list[ThreadEnvironment] | None = None
    approval_policy: AskForApproval
    approvals_reviewer: ApprovalsReviewer
    sandbox_policy: SandboxPolicy
    active_permission_profile: ActivePermissionProfile | None = None
    model: str
    model_provider: str
    service_tier: str | None = None
    effort: ReasoningEffort | None = None
    summary: ReasoningSummary | None = None
    collaboration_mode: CollaborationMode
    multi_agent_mode: MultiAgentMode = "explicitRequestOnly"
    personality: Personality | None = None


class ThreadSettingsUpdatedNotification(Wire):
    """TODO ThreadSettingsUpdatedNotification"""

    thread_id: str
    thread_settings: ThreadSettings


class MemoryResetResponse(Wire):
    """TODO MemoryResetResponse"""


class MemoryStatusResponse(Wire):
    """TODO MemoryStatusResponse"""

    v2_consolidated_threads: UInt32
    v2_ready: bool


class ThreadMemoryModeSetResponse(Wire):
    """TODO ThreadMemoryModeSetResponse"""


class ThreadMemoryReadResponse(Wire):
    """TODO ThreadMemoryReadResponse"""

    summary: str | None = None


class ThreadMetadataUpdateResponse(Wire):
    """TODO ThreadMetadataUpdateResponse"""

    thread: Thread


class ThreadSetNameResponse(Wire):
    """TODO ThreadSetNameResponse"""


class ThreadSettingsUpdateResponse(Wire):
    """TODO ThreadSettingsUpdateResponse"""

"""Settings, names, metadata and memory of a thread."""

from typing import ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType, field

from codex_trio_protocol.base import AbsolutePathBuf, AnyPath, Open, OpenWord, Params, UInt32, Wire
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
    """Ask how far memory has got. Null counts 20 threads as enough."""

    min_consolidated_threads: UInt32 | None = None


ThreadMemoryMode: TypeAlias = Literal["enabled", "disabled"]
"""Whether memories may be made of a thread."""


class ThreadMemoryModeSetParams(Params):
    """Let memories be made of a thread, or not.

    Errors: -32600 for an unknown or ephemeral thread.
    """

    thread_id: str
    mode: ThreadMemoryMode


class ThreadMemoryReadParams(Params):
    """Read the memory summary that a loaded thread uses.

    Errors: -32600 when the thread is not loaded.
    """

    thread_id: str


class ThreadMetadataGitInfoUpdateParams(Params):
    """Parts of the repository facts to change: absent keeps, null clears."""

    sha: str | UnsetType | None = UNSET
    branch: str | UnsetType | None = UNSET
    origin_url: str | UnsetType | None = UNSET


class ThreadMetadataUpdateParams(Params):
    """Change what is stored about a thread.

    Errors: -32600 when nothing is to change, a value is empty, or the thread is unknown or ephemeral.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"daybreak_enabled", "project_id"})

    thread_id: str
    project_id: str | None = None
    """Null keeps, an empty string leaves the thread without a project."""
    git_info: ThreadMetadataGitInfoUpdateParams | None = None
    daybreak_enabled: bool | None = None
    """Null keeps."""


class ThreadSetNameParams(Params):
    """Name a thread; blanks around the name are dropped.

    Errors: -32600 for a blank name and for an unknown or ephemeral thread.
    """

    thread_id: str
    name: str


class ThreadSettingsUpdateParams(Params):
    """Change the settings of later turns. Null keeps a setting; `service_tier` is cleared by null.

    Errors: -32600 for an unknown thread and for settings that contradict one another.
    """

    thread_id: str
    disabled_plugin_ids: list[str] | None = None
    cwd: AnyPath | None = None
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
    """A thread has another name; left out when it has none."""

    thread_id: str
    thread_name: str | UnsetType | None = UNSET


class ThreadSettings(Wire):
    """What later turns of a thread run with. Null is the default."""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"environments", "multi_agent_mode"})

    disabled_plugin_ids: list[str] = field(default_factory=list)
    cwd: AbsolutePathBuf
    environments: list[ThreadEnvironment] | None = None
    approval_policy: OpenWord[Open[AskForApproval]]
    approvals_reviewer: OpenWord[ApprovalsReviewer]
    sandbox_policy: Open[SandboxPolicy]
    active_permission_profile: ActivePermissionProfile | None = None
    model: str
    model_provider: str
    service_tier: str | None = None
    effort: ReasoningEffort | None = None
    summary: OpenWord[ReasoningSummary] | None = None
    collaboration_mode: CollaborationMode
    multi_agent_mode: OpenWord[Open[MultiAgentMode]] = "explicitRequestOnly"
    personality: OpenWord[Personality] | None = None


class ThreadSettingsUpdatedNotification(Wire):
    """The settings of a thread have changed."""

    thread_id: str
    thread_settings: ThreadSettings


class MemoryResetResponse(Wire):
    """All memories are gone."""


class MemoryStatusResponse(Wire):
    """How many threads memory covers, and whether that is enough."""

    v2_consolidated_threads: UInt32
    v2_ready: bool


class ThreadMemoryModeSetResponse(Wire):
    """Answer to `thread/memoryMode/set`: it is done."""


class ThreadMemoryReadResponse(Wire):
    """The summary; null when there is none or memory is off."""

    summary: str | None = None


class ThreadMetadataUpdateResponse(Wire):
    """The thread as it is now."""

    thread: Thread


class ThreadSetNameResponse(Wire):
    """Answer to `thread/name/set`: it is done."""


class ThreadSettingsUpdateResponse(Wire):
    """Answer to `thread/settings/update`: it is done."""

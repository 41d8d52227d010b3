"""TODO module thread"""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import AbsolutePathBuf, Int32, Int64, Known, OneOf, Open, Params, Tagged, Wire
from codex_trio_protocol.v2.common import AgentPath, ReasoningEffort, ThreadId, ThreadSource
from codex_trio_protocol.v2.environment import ThreadEnvironment
from codex_trio_protocol.v2.thread_section import ThreadSection
from codex_trio_protocol.v2.turn import Turn


class ThreadArchiveParams(Params):
    """TODO ThreadArchiveParams"""

    thread_id: str


class ThreadDeleteParams(Params):
    """TODO ThreadDeleteParams"""

    thread_id: str


ThreadHistoryMode: TypeAlias = Literal["legacy", "paginated"]
"""TODO ThreadHistoryMode"""


class ThreadUnarchiveParams(Params):
    """TODO ThreadUnarchiveParams"""

    thread_id: str


class ThreadUnsubscribeParams(Params):
    """TODO ThreadUnsubscribeParams"""

    thread_id: str


class EnvironmentConnectionNotification(Wire):
    """TODO EnvironmentConnectionNotification"""

    thread_id: str
    environment_id: str


class GitInfo(Wire):
    """TODO GitInfo"""

    sha: str | None = None
    branch: str | None = None
    origin_url: str | None = None


class SubAgentSourceObjectThreadSpawn(Wire, rename=None):
    """TODO SubAgentSourceObjectThreadSpawn"""

    agent_nickname: str | None = None
    agent_path: AgentPath | None = None
    agent_role: str | None = None
    depth: Int32
    parent_thread_id: ThreadId


class SubAgentSourceObject(OneOf, rename=None):
    """TODO SubAgentSourceObject"""

    one_of: ClassVar[tuple[str, ...]] = ("thread_spawn", "other")

    thread_spawn: SubAgentSourceObjectThreadSpawn | UnsetType = UNSET
    other: str | UnsetType = UNSET


SubAgentSource: TypeAlias = Open[
    Annotated[str, Known("review", "compact", "memory_consolidation")] | SubAgentSourceObject
]
"""TODO SubAgentSource"""


class SessionSourceObject(OneOf):
    """TODO SessionSourceObject"""

    one_of: ClassVar[tuple[str, ...]] = ("custom", "sub_agent")

    custom: str | UnsetType = UNSET
    sub_agent: SubAgentSource | UnsetType = UNSET


SessionSource: TypeAlias = Open[
    Annotated[str, Known("cli", "vscode", "exec", "appServer", "unknown")] | SessionSourceObject
]
"""TODO SessionSource"""


class ThreadExtra(Wire):
    """TODO ThreadExtra"""


ThreadActiveFlag: TypeAlias = Annotated[str, Known("waitingOnApproval", "waitingOnUserInput")]
"""TODO ThreadActiveFlag"""


class NotLoadedThreadStatus(Tagged, tag="notLoaded"):
    """TODO NotLoadedThreadStatus"""


class IdleThreadStatus(Tagged, tag="idle"):
    """TODO IdleThreadStatus"""


class SystemErrorThreadStatus(Tagged, tag="systemError"):
    """TODO SystemErrorThreadStatus"""


class ActiveThreadStatus(Tagged, tag="active"):
    """TODO ActiveThreadStatus"""

    active_flags: list[ThreadActiveFlag]


ThreadStatus: TypeAlias = Open[NotLoadedThreadStatus | IdleThreadStatus | SystemErrorThreadStatus | ActiveThreadStatus]
"""TODO ThreadStatus"""


class Thread(Wire):
    """TODO Thread"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {"attached_to_thread_id", "can_accept_direct_input", "daybreak_enabled", "environments", "extra"}
    )

    id: str
    environments: list[ThreadEnvironment] | None = None
    extra: ThreadExtra | None = None
    session_id: str
    forked_from_id: str | None = None
    attached_to_thread_id: str | None = None
    parent_thread_id: str | None = None
    preview: str
    ephemeral: bool
    section: ThreadSection | None = None
    section_entered_at: Int64 | None = None
    project_id: str | None
    history_mode: ThreadHistoryMode = "legacy"
    model_provider: str
    model: str | None = None
    reasoning_effort: ReasoningEffort | None = None
    created_at: Int64
    updated_at: Int64
    recency_at: Int64 | None = None
    status: ThreadStatus
    path: str | None = None
    cwd: AbsolutePathBuf
    cli_version: str
    originator: str | None = None
    source: SessionSource
    can_accept_direct_input: bool | None = None
    thread_source: ThreadSource | None = None
    agent_nickname: str | None = None
    agent_role: str | None = None
    git_info: GitInfo | None = None
    name: str | None = None
    daybreak_enabled: bool | None = None
    turns: list[Turn]


class ThreadArchivedNotification(Wire):
    """TODO ThreadArchivedNotification"""

    thread_id: str


class ThreadClosedNotification(Wire):
    """TODO ThreadClosedNotification"""

    thread_id: str


class ThreadDeletedNotification(Wire):
    """TODO ThreadDeletedNotification"""

    thread_id: str


class ThreadProjectUpdatedNotification(Wire):
    """TODO ThreadProjectUpdatedNotification"""

    thread_id: str
    project_id: str | None


class ThreadStartedNotification(Wire):
    """TODO ThreadStartedNotification"""

    thread: Thread


class ThreadStatusChangedNotification(Wire):
    """TODO ThreadStatusChangedNotification"""

    thread_id: str
    status: ThreadStatus


class ThreadUnarchivedNotification(Wire):
    """TODO ThreadUnarchivedNotification"""

    thread_id: str


class ThreadArchiveResponse(Wire):
    """TODO ThreadArchiveResponse"""


class ThreadDeleteResponse(Wire):
    """TODO ThreadDeleteResponse"""


class ThreadUnarchiveResponse(Wire):
    """TODO ThreadUnarchiveResponse"""

    thread: Thread


ThreadUnsubscribeStatus: TypeAlias = Annotated[str, Known("notLoaded", "notSubscribed", "unsubscribed")]
"""TODO ThreadUnsubscribeStatus"""


class ThreadUnsubscribeResponse(Wire):
    """TODO ThreadUnsubscribeResponse"""

    status: ThreadUnsubscribeStatus

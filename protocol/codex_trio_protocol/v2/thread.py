"""Threads: what one is, its state, and the methods that keep or drop it."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import (
    AbsolutePathBuf,
    Always,
    Int32,
    Int64,
    Known,
    OneOf,
    Open,
    OpenWord,
    Params,
    Tagged,
    Wire,
)
from codex_trio_protocol.v2.common import AgentPath, ReasoningEffort, ThreadId, ThreadSource
from codex_trio_protocol.v2.environment import ThreadEnvironment
from codex_trio_protocol.v2.thread_section import ThreadSection
from codex_trio_protocol.v2.turn import Turn


class ThreadArchiveParams(Params):
    """Put a thread and the threads that it spawned aside; a running turn is interrupted.

    Errors: -32600 for a malformed id and when no rollout exists.
    """

    thread_id: str


class ThreadDeleteParams(Params):
    """Remove a thread and its history for good.

    Errors: -32600 for an unknown thread and while threads attached to it exist.
    """

    thread_id: str


ThreadHistoryMode: TypeAlias = Literal["legacy", "paginated"]
"""Whether a thread's history can be read by pages."""


class ThreadUnarchiveParams(Params):
    """Take a thread back from the archive.

    Errors: -32600 when no archived rollout exists.
    """

    thread_id: str


class ThreadUnsubscribeParams(Params):
    """Hear nothing more of a thread. It stays loaded, and its turn goes on.

    Errors: -32600 for a malformed id; an unknown thread is no error.
    """

    thread_id: str


class EnvironmentConnectionNotification(Wire):
    """An environment of a thread was reached, or lost."""

    thread_id: str
    environment_id: str


class GitInfo(Wire):
    """The repository that a thread works in. Null parts are unknown."""

    sha: str | None = None
    branch: str | None = None
    origin_url: str | None = None


class SubAgentThreadSpawn(Wire, rename=None):
    """A thread that another thread's agent started; a child of the root has depth 1."""

    agent_nickname: str | None = None
    agent_path: AgentPath | None = None
    agent_role: str | None = None
    depth: Int32
    parent_thread_id: ThreadId


class SubAgentSourceObject(OneOf, rename=None):
    """The sub-agents that carry more than a word."""

    one_of: ClassVar[tuple[str, ...]] = ("thread_spawn", "other")

    thread_spawn: SubAgentThreadSpawn | UnsetType = UNSET
    other: str | UnsetType = UNSET


SubAgentSource: TypeAlias = Open[
    Annotated[str, Known("review", "compact", "memory_consolidation")] | SubAgentSourceObject
]
"""What a sub-agent was started for."""


class SessionSourceObject(OneOf):
    """The origins that carry more than a word."""

    one_of: ClassVar[tuple[str, ...]] = ("custom", "sub_agent")

    custom: str | UnsetType = UNSET
    sub_agent: SubAgentSource | UnsetType = UNSET


SessionSource: TypeAlias = Open[
    Annotated[str, Known("cli", "vscode", "exec", "appServer", "unknown")] | SessionSourceObject
]
"""Where a thread came from. Threads of the app-server say `vscode`."""


class ThreadExtra(Wire):
    """Room for data of particular servers."""


ThreadActiveFlag: TypeAlias = Annotated[str, Known("waitingOnApproval", "waitingOnUserInput")]
"""What a running turn waits for."""


class NotLoadedThreadStatus(Tagged, tag="notLoaded"):
    """Only on disk."""


class IdleThreadStatus(Tagged, tag="idle"):
    """Loaded, and no turn runs."""


class SystemErrorThreadStatus(Tagged, tag="systemError"):
    """The last turn failed; the next one clears this."""


class ActiveThreadStatus(Tagged, tag="active"):
    """A turn runs."""

    active_flags: list[ThreadActiveFlag]


ThreadStatus: TypeAlias = Open[NotLoadedThreadStatus | IdleThreadStatus | SystemErrorThreadStatus | ActiveThreadStatus]
"""What a thread is doing."""


class Thread(Wire):
    """A conversation and its state.

    `created_at`, `updated_at`, `recency_at` and `section_entered_at` are Unix seconds.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {"attached_to_thread_id", "can_accept_direct_input", "daybreak_enabled", "environments", "extra"}
    )

    id: str
    environments: list[ThreadEnvironment] | None = None
    """Where its tools run, the main one first; null when it is not loaded."""
    extra: ThreadExtra | None = None
    session_id: str
    """Shared by all threads of one tree; a thread of its own has its own id."""
    forked_from_id: str | None = None
    """The thread whose history this one began with."""
    attached_to_thread_id: str | None = None
    """The thread that owns this one and keeps it out of lists."""
    parent_thread_id: str | None = None
    """The thread whose agent started this one; null unless it is a sub-agent's."""
    preview: str
    """The user's first words; empty before there are any."""
    ephemeral: bool
    """Nothing is kept on disk."""
    section: ThreadSection | None = None
    section_entered_at: Int64 | None = None
    project_id: Annotated[str | None, Always()] = None
    history_mode: OpenWord[ThreadHistoryMode] = "legacy"
    model_provider: str
    model: str | None = None
    reasoning_effort: ReasoningEffort | None = None
    created_at: Int64
    updated_at: Int64
    recency_at: Int64 | None = None
    """When the user last cared about it; null when unknown."""
    status: ThreadStatus
    path: str | None = None
    """The rollout file; null for ephemeral threads."""
    cwd: AbsolutePathBuf
    cli_version: str
    originator: str | None = None
    source: SessionSource
    can_accept_direct_input: bool | None = None
    """Whether turns may be started here; null when unknown."""
    thread_source: ThreadSource | None = None
    agent_nickname: str | None = None
    agent_role: str | None = None
    git_info: GitInfo | None = None
    """Null until the first turn, and outside a repository."""
    name: str | None = None
    """A title given by the user; null when there is none."""
    daybreak_enabled: bool | None = None
    """A choice that the client keeps here; null when none was made."""
    turns: list[Turn]
    """Filled only by responses that promise history, empty elsewhere."""


class ThreadArchivedNotification(Wire):
    """A thread was put aside."""

    thread_id: str


class ThreadClosedNotification(Wire):
    """A thread was unloaded; it is still on disk."""

    thread_id: str


class ThreadDeletedNotification(Wire):
    """A thread is gone."""

    thread_id: str


class ThreadProjectUpdatedNotification(Wire):
    """A thread moved to a project, or to none."""

    thread_id: str
    project_id: str | None


class ThreadStartedNotification(Wire):
    """A thread exists; its turns are left out."""

    thread: Thread


class ThreadStatusChangedNotification(Wire):
    """A thread does something else now. Sent to every connection."""

    thread_id: str
    status: ThreadStatus


class ThreadUnarchivedNotification(Wire):
    """A thread came back from the archive."""

    thread_id: str


class ThreadArchiveResponse(Wire):
    """Answer to `thread/archive`: it is done."""


class ThreadDeleteResponse(Wire):
    """Answer to `thread/delete`: it is done."""


class ThreadUnarchiveResponse(Wire):
    """The thread, not loaded."""

    thread: Thread


ThreadUnsubscribeStatus: TypeAlias = Annotated[str, Known("notLoaded", "notSubscribed", "unsubscribed")]
"""Whether there was a subscription to end."""


class ThreadUnsubscribeResponse(Wire):
    """What was found."""

    status: ThreadUnsubscribeStatus

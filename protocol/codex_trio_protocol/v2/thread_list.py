"""Finding threads and reading their history page by page."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Called, Int64, Open, Params, Since, Tagged, UInt32, Wire
from codex_trio_protocol.jsonrpc import RequestId
from codex_trio_protocol.v2.common import SortDirection
from codex_trio_protocol.v2.item import ThreadItem
from codex_trio_protocol.v2.thread import Thread
from codex_trio_protocol.v2.turn import Turn, TurnItemsView


class ThreadItemOutputDeferral(Params):
    """Which outputs to leave out of a page, to be read one by one."""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"command_execution", "mcp_tool_call"})

    command_execution: bool = False
    mcp_tool_call: bool = False


class ItemThreadItemsListAnchor(Tagged, tag="item"):
    """An item of the turn that was asked for; it is not part of the page."""

    item_id: str


ThreadItemsListAnchor: TypeAlias = ItemThreadItemsListAnchor
"""A place to start from other than a cursor."""


ThreadItemsListCursor: TypeAlias = Annotated[str | ThreadItemsListAnchor, Called("ThreadItemsListCursor")]
"""Where a page of items starts."""


class ThreadItemsListParams(Params):
    """Read a thread's items by pages, oldest first unless asked otherwise.

    Errors: -32600 for an unknown thread or cursor; -32602 for an anchor without a turn.
    """

    thread_id: str
    turn_id: str | None = None
    """Only this turn's items; null for all."""
    cursor: ThreadItemsListCursor | None = None
    limit: UInt32 | None = None
    sort_direction: SortDirection | None = None
    defer_output: ThreadItemOutputDeferral | None = None


class ThreadItemsReadParams(Params):
    """Read 1 to 100 items of a turn by id.

    Errors: -32600 for an unknown thread, turn or number of ids.
    """

    thread_id: str
    turn_id: str
    item_ids: list[str]


ThreadListCwdFilter: TypeAlias = Annotated[str | list[str], Called("ThreadListCwdFilter")]
"""One folder or several, compared exactly."""


ThreadSortKey: TypeAlias = Literal["created_at", "updated_at", "recency_at", "section_position"]
"""What to sort threads by."""


ThreadSourceKind: TypeAlias = Literal[
    "cli",
    "vscode",
    "exec",
    "appServer",
    "subAgent",
    "subAgentReview",
    "subAgentCompact",
    "subAgentThreadSpawn",
    "subAgentOther",
    "unknown",
]
"""Which origins of threads to list."""


class ThreadListParams(Params):
    """List stored threads, newest first unless asked otherwise. Null filters do not filter, save those named below.

    Errors: -32600 for an unreadable cursor and for filters that exclude one another.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {"ancestor_thread_id", "attached_to_thread_id", "include_attached_threads", "parent_thread_id", "project_id"}
    )

    include_attached_threads: bool = False
    current_account_only: bool = False
    cursor: str | None = None
    limit: UInt32 | None = None
    """Threads a page; 25 when null, at least 1."""
    excluded_thread_ids: list[str] | None = None
    """At most 100 threads to leave out."""
    included_thread_ids: Annotated[list[str] | None, Since("0.171.0")] = None
    """At most 100 threads to choose from; an empty list has none."""
    sort_key: ThreadSortKey | None = None
    sort_direction: SortDirection | None = None
    model_providers: list[str] | None = None
    """Null lists the configured provider's threads, an empty list those of all."""
    source_kinds: list[ThreadSourceKind] | None = None
    """Null and empty list what users started themselves."""
    originators: list[str] | None = None
    archived: bool | None = None
    """True lists the archive, null and false what is not in it."""
    section_id: str | UnsetType | None = UNSET
    project_id: str | UnsetType | None = UNSET
    """Absent for all threads, null for those without a project."""
    cwd: ThreadListCwdFilter | None = None
    use_state_db_only: bool = False
    """Trust the index and do not look at files."""
    search_term: str | None = None
    """Part of the name or the preview."""
    parent_thread_id: str | None = None
    """Only threads that this one's agent started."""
    ancestor_thread_id: str | None = None
    """Only threads started below this one, however deep."""
    attached_to_thread_id: str | None = None
    """Only threads that this one owns."""


class ThreadLoadedListParams(Params):
    """List the ids of loaded threads in ascending order. Without a limit all come at once.

    Errors: -32600 for an unreadable cursor.
    """

    cursor: str | None = None
    limit: UInt32 | None = None


class ThreadReadParams(Params):
    """Read one thread, loaded or not, without subscribing.

    Errors: -32600 for an unknown thread, and when turns are asked of one that has none on disk.
    """

    thread_id: str
    include_turns: bool = False
    """Send the whole history along."""


class ReadThreadReadStateOperation(Tagged, tag="read"):
    """The user has seen it all."""


class UnreadThreadReadStateOperation(Tagged, tag="unread"):
    """The user wants to see it again."""


ThreadReadStateOperation: TypeAlias = ReadThreadReadStateOperation | UnreadThreadReadStateOperation
"""How to change a thread's read state."""


class ThreadReadStateUpdateParams(Params):
    """Mark a thread as read or unread.

    Errors: -32600 for an unknown thread and when the state has changed since.
    """

    thread_id: str
    operation: ThreadReadStateOperation
    expected_revision: str


class ThreadSearchOccurrencesParams(Params):
    """Find words in the messages of one thread, in their order; letter case does not count.

    Errors: -32600 for an unknown thread, an empty term or an unreadable cursor.
    """

    thread_id: str
    search_term: str
    cursor: str | None = None
    limit: UInt32 | None = None


ThreadSearchSortKey: TypeAlias = Literal["created_at", "updated_at", "recency_at"]
"""What to sort found threads by."""


class ThreadSearchParams(Params):
    """Find threads by their words. Null filters do not filter, save that origins default to what users started.

    Errors: -32600 for an empty term or an unreadable cursor.
    """

    include_attached_threads: bool = False
    current_account_only: bool = False
    cursor: str | None = None
    limit: UInt32 | None = None
    sort_key: ThreadSearchSortKey | None = None
    sort_direction: SortDirection | None = None
    source_kinds: list[ThreadSourceKind] | None = None
    archived: bool | None = None
    search_term: str


class ThreadSearchCancelParams(Params):
    """Give up a search of this connection by the id of its request. Each kind of search has its own method for that.

    A search that is still running is answered with -32600; an id without one is no error.
    """

    request_id: RequestId


class ThreadTurnsListParams(Params):
    """Read a thread's turns by pages, newest first unless asked otherwise.

    Errors: -32600 for an unknown thread, one without anything on disk, and an unreadable cursor.
    """

    thread_id: str
    cursor: str | None = None
    limit: UInt32 | None = None
    sort_direction: SortDirection | None = None
    items_view: TurnItemsView | None = None
    """How much of each turn; null is a summary."""


class ThreadStartThreadUnreadPosition(Tagged, tag="threadStart"):
    """From the beginning."""


class TurnThreadUnreadPosition(Tagged, tag="turn"):
    """From this turn on."""

    turn_id: str


ThreadUnreadPosition: TypeAlias = Open[ThreadStartThreadUnreadPosition | TurnThreadUnreadPosition]
"""From where a thread is unread."""


class ThreadReadState(Wire):
    """What the user has not seen of a thread; null means nothing. The revision guards against changing it blindly."""

    first_unread: ThreadUnreadPosition | None = None
    revision: str


class ThreadReadStateChangedNotification(Wire):
    """A thread became read or unread."""

    thread_id: str
    read_state: ThreadReadState


class ThreadItemEntry(Wire):
    """An item and its turn. Times are Unix milliseconds, null when not recorded."""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"output_deferred"})

    turn_id: str
    item: ThreadItem
    output_deferred: bool | UnsetType = UNSET
    """True when the output was left out, as asked."""
    started_at_ms: Int64 | None = None
    completed_at_ms: Int64 | None = None


class ThreadItemsListResponse(Wire):
    """A page of items. Null cursors mark an end; `backwards_cursor` leads the other way."""

    data: list[ThreadItemEntry]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadItemsReadResponse(Wire):
    """The items that exist, in the order in which they are stored."""

    data: list[ThreadItemEntry]


class ThreadListResponse(Wire):
    """A page of threads.

    Null cursors mark an end; `backwards_cursor` leads to newer threads when sorting the other way.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"read_states"})

    data: list[Thread]
    read_states: dict[str, ThreadReadState] | None = None
    """Read state by thread id; null when none is kept."""
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadLoadedListResponse(Wire):
    """A page of thread ids; a null cursor marks the last one."""

    data: list[str]
    next_cursor: str | None = None


class ThreadReadResponse(Wire):
    """The thread, and its read state if one is kept."""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"read_state"})

    thread: Thread
    read_state: ThreadReadState | None = None


class ThreadReadStateUpdateResponse(Wire):
    """The state that results."""

    read_state: ThreadReadState


class TurnsPage(Wire):
    """A page of turns. Null cursors mark an end."""

    data: list[Turn]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadSearchTextRange(Wire):
    """A stretch of text in UTF-16 code units, the end excluded."""

    start: UInt32
    end: UInt32


class ThreadSearchOccurrence(Wire):
    """One place where the words were found. The cursor leads to its turn in `thread/turns/list`."""

    turn_id: str
    item_id: str
    snippet: str
    snippet_match_range: ThreadSearchTextRange
    turn_cursor: str


class ThreadSearchOccurrencesResponse(Wire):
    """A page of places; a null cursor marks the last one."""

    data: list[ThreadSearchOccurrence]
    next_cursor: str | None = None


class ThreadSearchResult(Wire):
    """A thread and the words around the match."""

    thread: Thread
    snippet: str


class ThreadSearchResponse(Wire):
    """A page of threads. Null cursors mark an end."""

    data: list[ThreadSearchResult]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadSearchPartialNotification(Wire):
    """Some threads that a running `thread/search/stream` has found, in no order; not all need to be on its page."""

    request_id: RequestId
    data: list[ThreadSearchResult]


class ThreadSearchCancelResponse(Wire):
    """The search was told to stop; it may still end by itself."""


class ThreadTurnsListResponse(Wire):
    """A page of turns. Null cursors mark an end; `backwards_cursor` leads the other way."""

    data: list[Turn]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadTurnsItemsListParams(Params):
    """Read the items of one turn by pages. Known to 0.131 only, which answers -32601: not supported yet."""

    cursor: str | None = None
    limit: UInt32 | None = None
    sort_direction: SortDirection | None = None
    thread_id: str
    turn_id: str


class ThreadTurnsItemsListResponse(Wire):
    """A page of items."""

    backwards_cursor: str | None = None
    data: list[ThreadItem]
    next_cursor: str | None = None

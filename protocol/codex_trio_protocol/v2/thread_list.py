"""TODO module thread_list"""

from typing import ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Int64, Open, Params, Tagged, UInt32, Wire
from codex_trio_protocol.v2.common import SortDirection
from codex_trio_protocol.v2.item import ThreadItem
from codex_trio_protocol.v2.thread import Thread
from codex_trio_protocol.v2.turn import Turn, TurnItemsView


class ThreadItemOutputDeferral(Params):
    """TODO ThreadItemOutputDeferral"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"command_execution", "mcp_tool_call"})

    command_execution: bool = False
    mcp_tool_call: bool = False


class ItemThreadItemsListAnchor(Tagged, tag="item"):
    """TODO ItemThreadItemsListAnchor"""

    item_id: str


ThreadItemsListAnchor: TypeAlias = ItemThreadItemsListAnchor
"""TODO ThreadItemsListAnchor"""


ThreadItemsListCursor: TypeAlias = str | ThreadItemsListAnchor
"""TODO ThreadItemsListCursor"""


class ThreadItemsListParams(Params):
    """TODO ThreadItemsListParams"""

    thread_id: str
    turn_id: str | None = None
    cursor: ThreadItemsListCursor | None = None
    limit: UInt32 | None = None
    sort_direction: SortDirection | None = None
    defer_output: ThreadItemOutputDeferral | None = None


class ThreadItemsReadParams(Params):
    """TODO ThreadItemsReadParams"""

    thread_id: str
    turn_id: str
    item_ids: list[str]


ThreadListCwdFilter: TypeAlias = str | list[str]
"""TODO ThreadListCwdFilter"""


ThreadSortKey: TypeAlias = Literal["created_at", "updated_at", "recency_at", "section_position"]
"""TODO ThreadSortKey"""


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
"""TODO ThreadSourceKind"""


class ThreadListParams(Params):
    """TODO ThreadListParams"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {"ancestor_thread_id", "attached_to_thread_id", "include_attached_threads", "parent_thread_id", "project_id"}
    )

    include_attached_threads: bool = False
    current_account_only: bool = False
    cursor: str | None = None
    limit: UInt32 | None = None
    excluded_thread_ids: list[str] | None = None
    sort_key: ThreadSortKey | None = None
    sort_direction: SortDirection | None = None
    model_providers: list[str] | None = None
    source_kinds: list[ThreadSourceKind] | None = None
    originators: list[str] | None = None
    archived: bool | None = None
    section_id: str | None = None
    project_id: str | UnsetType | None = UNSET
    cwd: ThreadListCwdFilter | None = None
    use_state_db_only: bool = False
    search_term: str | None = None
    parent_thread_id: str | None = None
    ancestor_thread_id: str | None = None
    attached_to_thread_id: str | None = None


class ThreadLoadedListParams(Params):
    """TODO ThreadLoadedListParams"""

    cursor: str | None = None
    limit: UInt32 | None = None


class ThreadReadParams(Params):
    """TODO ThreadReadParams"""

    thread_id: str
    include_turns: bool = False


class ReadThreadReadStateOperation(Tagged, tag="read"):
    """TODO ReadThreadReadStateOperation"""


class UnreadThreadReadStateOperation(Tagged, tag="unread"):
    """TODO UnreadThreadReadStateOperation"""


ThreadReadStateOperation: TypeAlias = ReadThreadReadStateOperation | UnreadThreadReadStateOperation
"""TODO ThreadReadStateOperation"""


class ThreadReadStateUpdateParams(Params):
    """TODO ThreadReadStateUpdateParams"""

    thread_id: str
    operation: ThreadReadStateOperation
    expected_revision: str


class ThreadSearchOccurrencesParams(Params):
    """TODO ThreadSearchOccurrencesParams"""

    thread_id: str
    search_term: str
    cursor: str | None = None
    limit: UInt32 | None = None


ThreadSearchSortKey: TypeAlias = Literal["created_at", "updated_at", "recency_at"]
"""TODO ThreadSearchSortKey"""


class ThreadSearchParams(Params):
    """TODO ThreadSearchParams"""

    include_attached_threads: bool = False
    current_account_only: bool = False
    cursor: str | None = None
    limit: UInt32 | None = None
    sort_key: ThreadSearchSortKey | None = None
    sort_direction: SortDirection | None = None
    source_kinds: list[ThreadSourceKind] | None = None
    archived: bool | None = None
    search_term: str


class ThreadTurnsListParams(Params):
    """TODO ThreadTurnsListParams"""

    thread_id: str
    cursor: str | None = None
    limit: UInt32 | None = None
    sort_direction: SortDirection | None = None
    items_view: TurnItemsView | None = None


class ThreadStartThreadUnreadPosition(Tagged, tag="threadStart"):
    """TODO ThreadStartThreadUnreadPosition"""


class TurnThreadUnreadPosition(Tagged, tag="turn"):
    """TODO TurnThreadUnreadPosition"""

    turn_id: str


ThreadUnreadPosition: TypeAlias = Open[ThreadStartThreadUnreadPosition | TurnThreadUnreadPosition]
"""TODO ThreadUnreadPosition"""


class ThreadReadState(Wire):
    """TODO ThreadReadState"""

    first_unread: ThreadUnreadPosition | None = None
    revision: str


class ThreadReadStateChangedNotification(Wire):
    """TODO ThreadReadStateChangedNotification"""

    thread_id: str
    read_state: ThreadReadState


class ThreadItemEntry(Wire):
    """TODO ThreadItemEntry"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"output_deferred"})

    turn_id: str
    item: ThreadItem
    output_deferred: bool | UnsetType = UNSET
    started_at_ms: Int64 | None = None
    completed_at_ms: Int64 | None = None


class ThreadItemsListResponse(Wire):
    """TODO ThreadItemsListResponse"""

    data: list[ThreadItemEntry]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadItemsReadResponse(Wire):
    """TODO ThreadItemsReadResponse"""

    data: list[ThreadItemEntry]


class ThreadListResponse(Wire):
    """TODO ThreadListResponse"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"read_states"})

    data: list[Thread]
    read_states: dict[str, ThreadReadState] | None = None
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadLoadedListResponse(Wire):
    """TODO ThreadLoadedListResponse"""

    data: list[str]
    next_cursor: str | None = None


class ThreadReadResponse(Wire):
    """TODO ThreadReadResponse"""

    experimental_fields: ClassVar[frozenset[str]] = frozenset({"read_state"})

    thread: Thread
    read_state: ThreadReadState | None = None


class ThreadReadStateUpdateResponse(Wire):
    """TODO ThreadReadStateUpdateResponse"""

    read_state: ThreadReadState


class TurnsPage(Wire):
    """TODO TurnsPage"""

    data: list[Turn]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadSearchTextRange(Wire):
    """TODO ThreadSearchTextRange"""

    start: UInt32
    end: UInt32


class ThreadSearchOccurrence(Wire):
    """TODO ThreadSearchOccurrence"""

    turn_id: str
    item_id: str
    snippet: str
    snippet_match_range: ThreadSearchTextRange
    turn_cursor: str


class ThreadSearchOccurrencesResponse(Wire):
    """TODO ThreadSearchOccurrencesResponse"""

    data: list[ThreadSearchOccurrence]
    next_cursor: str | None = None


class ThreadSearchResult(Wire):
    """TODO ThreadSearchResult"""

    thread: Thread
    snippet: str


class ThreadSearchResponse(Wire):
    """TODO ThreadSearchResponse"""

    data: list[ThreadSearchResult]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadTurnsListResponse(Wire):
    """TODO ThreadTurnsListResponse"""

    data: list[Turn]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadTurnsItemsListParams(Params):
    """TODO ThreadTurnsItemsListParams"""

    cursor: str | None = None
    limit: UInt32 | None = None
    sort_direction: SortDirection | None = None
    thread_id: str
    turn_id: str


class ThreadTurnsItemsListResponse(Wire):
    """TODO ThreadTurnsItemsListResponse"""

    backwards_cursor: str | None = None
    data: list[ThreadItem]
    next_cursor: str | None = None

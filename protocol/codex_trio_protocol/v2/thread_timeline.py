"""TODO module thread_timeline"""

from typing import TypeAlias

from codex_trio_protocol.base import Int64, Open, Params, Tagged, UInt32, UInt64, Wire
from codex_trio_protocol.v2.item import ThreadItem
from codex_trio_protocol.v2.thread_realtime import ThreadRealtimeItem
from codex_trio_protocol.v2.turn import TurnError, TurnStatus


class ThreadTimelineListParams(Params):
    """TODO ThreadTimelineListParams"""

    thread_id: str
    cursor: str | None = None
    limit: UInt32 | None = None


class ItemThreadTimelineEntry(Tagged, tag="item"):
    """TODO ItemThreadTimelineEntry"""

    position: UInt64
    turn_id: str
    item: ThreadItem


class RealtimeThreadTimelineEntry(Tagged, tag="realtime"):
    """TODO RealtimeThreadTimelineEntry"""

    position: UInt64
    item: ThreadRealtimeItem


class TurnStartedThreadTimelineEntry(Tagged, tag="turnStarted", rename=None):
    """TODO TurnStartedThreadTimelineEntry"""

    position: UInt64
    started_at: Int64 | None = None
    turn_id: str


class TurnCompletedThreadTimelineEntry(Tagged, tag="turnCompleted", rename=None):
    """TODO TurnCompletedThreadTimelineEntry"""

    position: UInt64
    status: TurnStatus
    error: TurnError | None = None
    completed_at: Int64 | None = None
    duration_ms: Int64 | None = None
    started_at: Int64 | None = None
    turn_id: str


ThreadTimelineEntry: TypeAlias = Open[
    ItemThreadTimelineEntry
    | RealtimeThreadTimelineEntry
    | TurnStartedThreadTimelineEntry
    | TurnCompletedThreadTimelineEntry
]
"""TODO ThreadTimelineEntry"""


class ThreadTimelineListResponse(Wire):
    """TODO ThreadTimelineListResponse"""

    data: list[ThreadTimelineEntry]
    next_cursor: str | None = None
    active_realtime_session_at_page_start: str | None = None

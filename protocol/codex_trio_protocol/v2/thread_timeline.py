"""A thread's history with its voice sessions, in the order of the rollout."""

from typing import ClassVar, TypeAlias

from codex_trio_protocol.base import Int64, Open, Params, Tagged, UInt32, UInt64, Wire
from codex_trio_protocol.v2.item import ThreadItem
from codex_trio_protocol.v2.thread_realtime import ThreadRealtimeItem
from codex_trio_protocol.v2.turn import TurnError, TurnStatus


class ThreadTimelineListParams(Params):
    """Read a thread's timeline by pages.

    Errors: -32600 for an unknown thread or an unreadable cursor.
    """

    thread_id: str
    cursor: str | None = None
    limit: UInt32 | None = None


class ItemThreadTimelineEntry(Tagged, tag="item"):
    """An item of a turn."""

    position: UInt64
    turn_id: str
    item: ThreadItem


class RealtimeThreadTimelineEntry(Tagged, tag="realtime"):
    """An item of a voice session."""

    position: UInt64
    item: ThreadRealtimeItem


class TurnStartedThreadTimelineEntry(Tagged, tag="turnStarted"):
    """A turn begins; Unix seconds."""

    published_in_snake_case: ClassVar[bool] = True

    position: UInt64
    started_at: Int64 | None = None
    turn_id: str


class TurnCompletedThreadTimelineEntry(Tagged, tag="turnCompleted"):
    """A turn ends. Times are Unix seconds, the duration is in milliseconds; null when not recorded."""

    published_in_snake_case: ClassVar[bool] = True

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
"""One place of the timeline; positions grow with time."""


class ThreadTimelineListResponse(Wire):
    """A page of the timeline; a null cursor marks the last one.

    Names the voice session that was open where it starts, null for none.
    """

    data: list[ThreadTimelineEntry]
    next_cursor: str | None = None
    active_realtime_session_at_page_start: str | None = None

"""Reading single items of a thread, those of one turn, and all of them along a timeline. Nothing here loads a thread.

Protocol source: `thread/items/read`, `thread/timeline/list`, release 0.169.0; `thread/turns/items/list`, release
0.131.0, which names that method and does not answer it.
"""

from __future__ import annotations

from codex_trio_protocol.v2 import thread_list as wire
from codex_trio_protocol.v2 import thread_timeline as wire_timeline

from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.threads.history_pages import find_items, page_items
from codex_trio.threads.timeline import END, START, InvalidTimelineCursor, TimelineEntry, page_timeline
from codex_trio.wire.realtime import realtime_item_to_wire
from codex_trio.wire.threads import project_item_entry, project_stored_item, project_turn

MAX_ITEMS = 100


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadItemsProcessor(services)
    return {
        "thread/items/read": processor.read,
        "thread/turns/items/list": processor.of_turn,
        "thread/timeline/list": processor.timeline,
    }


class ThreadItemsProcessor:
    def __init__(self, services: Services) -> None:
        self._threads = services.threads

    async def read(self, params: wire.ThreadItemsReadParams, _context: RequestContext) -> wire.ThreadItemsReadResponse:
        """Return those of a turn's items that are named, in the order of the turn; what is not there is left out."""
        if not 1 <= len(params.item_ids) <= MAX_ITEMS:
            raise invalid_request(f"itemIds must contain 1 to {MAX_ITEMS} IDs")
        history = await self._threads.history(parse_thread_id(params.thread_id), feature="thread/items/read")
        rows = await find_items(history, turn_id=params.turn_id, item_ids=frozenset(params.item_ids))
        return wire.ThreadItemsReadResponse(data=[project_item_entry(row, whole=True) for row in rows])

    async def of_turn(
        self, params: wire.ThreadTurnsItemsListParams, _context: RequestContext
    ) -> wire.ThreadTurnsItemsListResponse:
        """Return a page of a turn's items, oldest first unless asked otherwise."""
        thread_id = parse_thread_id(params.thread_id)
        history = await self._threads.history(thread_id, feature="thread/turns/items/list")
        page = await page_items(
            history,
            thread_id=thread_id,
            turn_id=params.turn_id,
            cursor=params.cursor,
            limit=params.limit,
            descending=params.sort_direction == "desc",
        )
        return wire.ThreadTurnsItemsListResponse(
            data=[project_stored_item(row.item) for row in page.items],
            next_cursor=page.next_cursor,
            backwards_cursor=page.backwards_cursor,
        )

    async def timeline(
        self, params: wire_timeline.ThreadTimelineListParams, _context: RequestContext
    ) -> wire_timeline.ThreadTimelineListResponse:
        """Return the last places of a thread's history, or those before the cursor, in the order of time."""
        thread_id = parse_thread_id(params.thread_id)
        history = await self._threads.history(thread_id, feature="thread/timeline/list", in_archive=False)
        try:
            page = await page_timeline(history, thread_id=thread_id, cursor=params.cursor, limit=params.limit)
        except InvalidTimelineCursor as error:
            raise invalid_request(str(error)) from error
        return wire_timeline.ThreadTimelineListResponse(
            data=[_entry(entry) for entry in page.entries], next_cursor=page.next_cursor
        )


def _entry(entry: TimelineEntry) -> wire_timeline.ThreadTimelineEntry:
    if entry.voice is not None:
        return wire_timeline.RealtimeThreadTimelineEntry(
            position=entry.position, item=realtime_item_to_wire(entry.voice)
        )
    assert entry.turn is not None
    turn = project_turn(entry.turn, "notLoaded")
    if entry.kind == START:
        return wire_timeline.TurnStartedThreadTimelineEntry(
            position=entry.position, turn_id=turn.id, started_at=turn.started_at
        )
    if entry.kind == END:
        return wire_timeline.TurnCompletedThreadTimelineEntry(
            position=entry.position,
            turn_id=turn.id,
            status=turn.status,
            error=turn.error,
            started_at=turn.started_at,
            completed_at=turn.completed_at,
            duration_ms=turn.duration_ms,
        )
    assert entry.item is not None
    return wire_timeline.ItemThreadTimelineEntry(
        position=entry.position, turn_id=turn.id, item=project_stored_item(entry.item)
    )

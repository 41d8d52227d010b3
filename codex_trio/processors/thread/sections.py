"""Sections that order threads, and moving threads into them.

Protocol source: `threadSection/*`, `thread/section/move`, release 0.171.0. That one tells of no change to a section;
here each thread of a section that was renamed or removed is said to have changed, so that clients look again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from codex_trio_protocol.v2 import thread_section as wire
from msgspec import UNSET

from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_params
from codex_trio.wire.sections import appearance_from_wire, section_to_wire


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadSectionProcessor(services)
    return {
        "threadSection/create": processor.create,
        "threadSection/update": processor.update,
        "threadSection/delete": processor.delete,
        "threadSection/list": processor.list,
        "thread/section/move": processor.move,
    }


class ThreadSectionProcessor:
    def __init__(self, services: Services) -> None:
        self._organisation = services.threads.organisation
        self._sections = services.threads.organisation.sections
        self._outgoing = services.outgoing

    async def create(
        self, params: wire.ThreadSectionCreateParams, _context: RequestContext
    ) -> wire.ThreadSectionCreateResponse:
        """Make a section."""
        look = None if params.appearance is None else appearance_from_wire(params.appearance)
        section = await self._sections.create(_name(params.name), look)
        return wire.ThreadSectionCreateResponse(section=section_to_wire(section))

    async def update(
        self, params: wire.ThreadSectionUpdateParams, context: RequestContext
    ) -> wire.ThreadSectionUpdateResponse:
        """Change a section."""
        given = params.appearance
        look = given if given is None or given is UNSET else appearance_from_wire(given)
        section, threads = await self._sections.update(params.section_id, name=_name(params.name), appearance=look)
        self._tell_after(context, threads, section.id)
        return wire.ThreadSectionUpdateResponse(section=section_to_wire(section))

    async def delete(
        self, params: wire.ThreadSectionDeleteParams, context: RequestContext
    ) -> wire.ThreadSectionDeleteResponse:
        """Remove a section; its threads stay."""
        self._tell_after(context, await self._sections.delete(params.section_id), None)
        return wire.ThreadSectionDeleteResponse()

    async def list(
        self, params: wire.ThreadSectionListParams, _context: RequestContext
    ) -> wire.ThreadSectionListResponse:
        """Return a page of sections; the cursor is the last id of the page before."""
        page = await self._sections.list(cursor=params.cursor, limit=params.limit)
        return wire.ThreadSectionListResponse(data=[*map(section_to_wire, page.sections)], next_cursor=page.next_cursor)

    async def move(
        self, params: wire.ThreadSectionMoveParams, context: RequestContext
    ) -> wire.ThreadSectionMoveResponse:
        """Put a thread into a section, before another one or at the end, or into none."""
        thread_id = parse_thread_id(params.thread_id)
        before = params.before_thread_id
        if before is not None and params.section_id is not None:
            before = parse_thread_id(before, noun="before thread")
        await self._organisation.move(thread_id, params.section_id, before_thread_id=before)
        self._tell_after(context, [thread_id], params.section_id)
        return wire.ThreadSectionMoveResponse()

    def _tell_after(self, context: RequestContext, threads: Sequence[str], section_id: str | None) -> None:
        for thread_id in threads:
            notification = wire.ThreadSectionChangedNotification(thread_id=thread_id, section_id=section_id)
            context.after_response(partial(self._outgoing.notify, "thread/section/changed", notification))


def _name(text: str) -> str:
    name = text.strip()
    if not name:
        raise invalid_params("section name must not be empty")
    return name

"""Naming threads, putting them into the archive, and taking them back.

Protocol source: `thread/archive|unarchive|name/set`, release 0.169.0.
"""

from __future__ import annotations

from functools import partial

from codex_trio_protocol.v2 import thread as wire
from codex_trio_protocol.v2 import thread_settings as wire_settings

from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import invalid_request
from codex_trio.wire.threads import project_thread


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadPutAwayProcessor(services)
    return {
        "thread/archive": processor.archive,
        "thread/unarchive": processor.unarchive,
        "thread/name/set": processor.set_name,
    }


class ThreadPutAwayProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._outgoing = services.outgoing

    async def archive(self, params: wire.ThreadArchiveParams, context: RequestContext) -> wire.ThreadArchiveResponse:
        """Put a stored thread away; a running turn is interrupted first."""
        thread_id = parse_thread_id(params.thread_id, noun="session")
        for moved in await self._threads.upkeep.archive(thread_id):
            context.after_response(
                partial(self._outgoing.notify, "thread/archived", wire.ThreadArchivedNotification(thread_id=moved))
            )
        return wire.ThreadArchiveResponse()

    async def unarchive(
        self, params: wire.ThreadUnarchiveParams, context: RequestContext
    ) -> wire.ThreadUnarchiveResponse:
        """Take a thread back from the archive."""
        thread_id = parse_thread_id(params.thread_id, noun="session")
        facts, moved = await self._threads.upkeep.unarchive(thread_id)
        for member in moved:
            context.after_response(
                partial(self._outgoing.notify, "thread/unarchived", wire.ThreadUnarchivedNotification(thread_id=member))
            )
        return wire.ThreadUnarchiveResponse(thread=project_thread(await self._threads.organisation.placed(facts)))

    async def set_name(
        self, params: wire_settings.ThreadSetNameParams, context: RequestContext
    ) -> wire_settings.ThreadSetNameResponse:
        """Name a thread, loaded or not. A blank name is refused."""
        thread_id = parse_thread_id(params.thread_id)
        name = params.name.strip()
        if not name:
            raise invalid_request("thread name must not be empty")
        await self._threads.upkeep.rename(thread_id, name)
        context.after_response(
            partial(
                self._outgoing.notify,
                "thread/name/updated",
                wire_settings.ThreadNameUpdatedNotification(thread_id=thread_id, thread_name=name),
            )
        )
        return wire_settings.ThreadSetNameResponse()

"""Messages that wait until their thread is free.

Protocol source: `thread/queue/*`, release 0.171.0.
"""

from __future__ import annotations

import re

from codex_trio_protocol.v2 import thread_queue as wire

from codex_trio.processors.input_parts import content_of
from codex_trio.processors.notices import Notices
from codex_trio.processors.services import WorkServices
from codex_trio.processors.thread.ids import parse_thread_id
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.rpc.errors import RpcError, invalid_request
from codex_trio.state.store.queues import QueuedInput
from codex_trio.wire.events import running_turn
from codex_trio.wire.items import wire_input

_DIGITS = re.compile(r"\+?[0-9]+")
_MAX_OFFSET = (1 << 63) - 1


def handlers(services: WorkServices) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadQueueProcessor(services)
    return {
        "thread/queue/add": processor.add,
        "thread/queue/list": processor.list,
        "thread/queue/update": processor.update,
        "thread/queue/delete": processor.delete,
        "thread/queue/reorder": processor.reorder,
        "thread/queue/start": processor.start,
    }


class ThreadQueueProcessor:
    def __init__(self, services: WorkServices) -> None:
        self._threads = services.threads
        self._gate = services.gate
        self._notices = Notices(services.outgoing)

    async def add(self, params: wire.ThreadQueueAddParams, context: RequestContext) -> wire.ThreadQueueAddResponse:
        """Put a message at the end. It is taken up after the answer if the thread is free."""
        thread_id = parse_thread_id(params.thread_id)
        queued = await self._threads.queues.append(
            thread_id,
            content_of(params.input),
            client_id=params.client_user_message_id,
            metadata=params.responsesapi_client_metadata,
        )
        context.when_answered(lambda: self._threads.queues.wake(thread_id))
        return wire.ThreadQueueAddResponse(queued_submission=_submission(queued))

    async def list(self, params: wire.ThreadQueueListParams, _context: RequestContext) -> wire.ThreadQueueListResponse:
        """Return a page of the messages that wait."""
        page = await self._threads.queues.page(
            parse_thread_id(params.thread_id), offset=_offset(params.cursor), limit=params.limit
        )
        return wire.ThreadQueueListResponse(
            data=[_submission(queued) for queued in page.messages],
            next_cursor=None if page.next_offset is None else str(page.next_offset),
        )

    async def update(
        self, params: wire.ThreadQueueUpdateParams, _context: RequestContext
    ) -> wire.ThreadQueueUpdateResponse:
        """Say something else in a message."""
        changed = await self._threads.queues.replace(
            parse_thread_id(params.thread_id),
            params.queued_submission_id,
            content_of(params.input),
            metadata=params.responsesapi_client_metadata,
        )
        return wire.ThreadQueueUpdateResponse(queued_submission=_submission(changed))

    async def delete(
        self, params: wire.ThreadQueueDeleteParams, _context: RequestContext
    ) -> wire.ThreadQueueDeleteResponse:
        """Take a message out."""
        deleted = await self._threads.queues.remove(parse_thread_id(params.thread_id), params.queued_submission_id)
        return wire.ThreadQueueDeleteResponse(deleted=deleted)

    async def reorder(
        self, params: wire.ThreadQueueReorderParams, _context: RequestContext
    ) -> wire.ThreadQueueReorderResponse:
        """Put the messages into another order."""
        await self._threads.queues.arrange(parse_thread_id(params.thread_id), params.queued_submission_ids)
        return wire.ThreadQueueReorderResponse()

    async def start(
        self, params: wire.ThreadQueueStartParams, context: RequestContext
    ) -> wire.ThreadQueueStartResponse:
        """Take a message up now. Answered when the turn has stored it, before anything of the turn is told."""
        self._gate.check()
        with self._notices.of_rules(context):
            turn = await self._threads.queues.start(
                parse_thread_id(params.thread_id), params.queued_submission_id, context
            )
        return wire.ThreadQueueStartResponse(turn=running_turn(turn.id, turn.root_id, started_at=None))


def _submission(queued: QueuedInput) -> wire.QueuedSubmission:
    return wire.QueuedSubmission(
        id=queued.id,
        input=[wire_input(part) for part in queued.content],
        client_user_message_id=queued.client_id,
        responsesapi_client_metadata=None if queued.metadata is None else dict(queued.metadata),
    )


def _offset(cursor: str | None) -> int:
    """Return where a page begins. Raises RpcError for a cursor that no page gave out."""
    if cursor is None:
        return 0
    if not cursor:
        raise _bad_cursor("cannot parse integer from empty string")
    if not _DIGITS.fullmatch(cursor):
        raise _bad_cursor("invalid digit found in string")
    if len(cursor) > len(str(_MAX_OFFSET)) or int(cursor) > _MAX_OFFSET:
        raise _bad_cursor("number too large to fit in target type")
    return int(cursor)


def _bad_cursor(reason: str) -> RpcError:
    return invalid_request(f"invalid queue pagination cursor: {reason}")

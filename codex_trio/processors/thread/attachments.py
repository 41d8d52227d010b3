"""What clients attach to threads, and which threads have something attached.

Protocol source: `thread/attachment/*`, `thread/attachmentOwner/list`, release 0.171.0.
"""

from __future__ import annotations

from functools import partial

from codex_trio_protocol.v2 import thread_section as wire

from codex_trio.processors.services import Services
from codex_trio.processors.thread.ids import thread_id_param
from codex_trio.rpc.context import Handler, RequestContext
from codex_trio.state.store.attachments import Attachment, AttachmentName


def handlers(services: Services) -> dict[str, Handler]:
    """Return the handlers of this module."""
    processor = ThreadAttachmentProcessor(services)
    return {
        "thread/attachment/add": processor.add,
        "thread/attachment/list": processor.list,
        "thread/attachment/remove": processor.remove,
        "thread/attachmentOwner/list": processor.owners,
    }


class ThreadAttachmentProcessor:
    def __init__(self, services: Services) -> None:
        self._organisation = services.threads.organisation
        self._outgoing = services.outgoing

    async def add(
        self, params: wire.ThreadAttachmentAddParams, context: RequestContext
    ) -> wire.ThreadAttachmentAddResponse:
        """Attach something; what is attached under that name already stays as it is."""
        thread_id, name = thread_id_param(params.thread_id), _name(params)
        attachment, is_new = await self._organisation.attach(thread_id, name, params.payload)
        if is_new:
            self._tell_after(context, thread_id, name, attachment.id, "created")
        return wire.ThreadAttachmentAddResponse(
            outcome="created" if is_new else "existing", attachment=_attachment_to_wire(attachment)
        )

    async def list(
        self, params: wire.ThreadAttachmentListParams, _context: RequestContext
    ) -> wire.ThreadAttachmentListResponse:
        """Return a page of what is attached to a thread, the oldest first."""
        page = await self._organisation.attached(
            thread_id_param(params.thread_id), cursor=params.cursor, limit=params.limit
        )
        return wire.ThreadAttachmentListResponse(
            data=[*map(_attachment_to_wire, page.attachments)], next_cursor=page.next_cursor
        )

    async def remove(
        self, params: wire.ThreadAttachmentRemoveParams, context: RequestContext
    ) -> wire.ThreadAttachmentRemoveResponse:
        """Detach something, if it is there."""
        thread_id, name = thread_id_param(params.thread_id), _name(params)
        removed = await self._organisation.detach(thread_id, name)
        if removed is not None:
            self._tell_after(context, thread_id, name, removed, "deleted")
        return wire.ThreadAttachmentRemoveResponse()

    async def owners(
        self, params: wire.ThreadAttachmentOwnerListParams, _context: RequestContext
    ) -> wire.ThreadAttachmentOwnerListResponse:
        """Return a page of the threads that have something attached under that name, by id."""
        page = await self._organisation.attachments.owners(
            _name(params), archived=params.archived, cursor=params.cursor, limit=params.limit
        )
        return wire.ThreadAttachmentOwnerListResponse(
            data=[
                wire.ThreadAttachmentOwner(thread_id=owner.thread_id, archived=owner.is_archived)
                for owner in page.owners
            ],
            next_cursor=page.next_cursor,
        )

    def _tell_after(
        self,
        context: RequestContext,
        thread_id: str,
        name: AttachmentName,
        attachment_id: str,
        operation: wire.ThreadAttachmentOperation,
    ) -> None:
        notification = wire.ThreadAttachmentUpdatedNotification(
            thread_id=thread_id,
            attachment_type=name.attachment_type,
            identity_key=name.identity_key,
            attachment_id=attachment_id,
            operation=operation,
        )
        context.after_response(partial(self._outgoing.notify, "thread/attachment/updated", notification))


def _name(
    params: wire.ThreadAttachmentAddParams | wire.ThreadAttachmentRemoveParams | wire.ThreadAttachmentOwnerListParams,
) -> AttachmentName:
    return AttachmentName(params.attachment_type, params.identity_key)


def _attachment_to_wire(attachment: Attachment) -> wire.ThreadAttachment:
    return wire.ThreadAttachment(
        id=attachment.id,
        attachment_type=attachment.name.attachment_type,
        identity_key=attachment.name.identity_key,
        payload=attachment.payload,
        created_at=attachment.created_at,
    )

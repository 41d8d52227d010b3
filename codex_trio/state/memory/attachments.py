"""What clients attach to threads, for a process that keeps nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import trio

from codex_trio.domain.ids import uuid7
from codex_trio.state.memory.organisation import MemoryTables
from codex_trio.state.store.attachments import (
    Attachment,
    AttachmentName,
    AttachmentOwner,
    AttachmentPage,
    OwnerPage,
    attachment_cursor,
    check_name,
    decode_payload,
    encode_payload,
    owner_cursor,
    parse_attachment_cursor,
    parse_owner_cursor,
)
from codex_trio.util.clock import now_ms
from codex_trio.util.paging import page_size


class MemoryAttachments:
    """Attachments in memory.

    `archived` tells of each thread that is stored whether it is archived; `clock` gives Unix milliseconds.
    """

    def __init__(
        self,
        tables: MemoryTables,
        *,
        archived: Callable[[], Awaitable[Mapping[str, bool]]],
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._attached = tables.attachments
        self._archived = archived
        self._clock = clock

    async def add(self, thread_id: str, name: AttachmentName, payload: Any) -> tuple[Attachment, bool]:
        await trio.lowlevel.checkpoint()
        check_name(name)
        # A copy: what the caller has may change.
        payload = decode_payload(encode_payload(payload))
        own = self._attached.setdefault(thread_id, {})
        found = own.get(name)
        if found is not None:
            return found, False
        own[name] = Attachment(id=uuid7(), name=name, payload=payload, created_at=self._clock() // 1000)
        return own[name], True

    async def remove(self, thread_id: str, name: AttachmentName) -> str | None:
        await trio.lowlevel.checkpoint()
        check_name(name)
        removed = self._attached.get(thread_id, {}).pop(name, None)
        return None if removed is None else removed.id

    async def list(self, thread_id: str, *, cursor: str | None, limit: int | None) -> AttachmentPage:
        await trio.lowlevel.checkpoint()
        after, size = parse_attachment_cursor(cursor, thread_id), page_size(limit)
        found = sorted(self._attached.get(thread_id, {}).values(), key=_place)
        found = [attachment for attachment in found if _place(attachment) > after]
        page = found[:size]
        return AttachmentPage(page, attachment_cursor(thread_id, page[-1]) if len(found) > size else None)

    async def owners(
        self, name: AttachmentName, *, archived: bool | None, cursor: str | None, limit: int | None
    ) -> OwnerPage:
        check_name(name)
        after, size = parse_owner_cursor(cursor, name, archived=archived), page_size(limit)
        stored = await self._archived()
        having = sorted(thread_id for thread_id, own in self._attached.items() if name in own)
        found = [
            AttachmentOwner(thread_id, stored[thread_id])
            for thread_id in having
            if thread_id > after and thread_id in stored and archived in (None, stored[thread_id])
        ]
        page = found[:size]
        return OwnerPage(page, owner_cursor(name, page[-1], archived=archived) if len(found) > size else None)


def _place(attachment: Attachment) -> tuple[int, str]:
    return attachment.created_at, attachment.id

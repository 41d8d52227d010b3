"""What clients attach to threads, in the state database.

Owns the table `attachments`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from codex_trio.domain.ids import uuid7
from codex_trio.state.db.state_db import SqlValue, Transaction
from codex_trio.state.local.retrying_db import RetryingDb
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

_COLUMNS = "id, attachment_type, identity_key, payload, created_at"
_NAMED = "thread_id = ? AND attachment_type = ? AND identity_key = ?"

OWNERS = "SELECT thread_id FROM attachments"

# Of a thread whose files are both in the archive and not, those count that are not.
_OWNERS = """
SELECT thread_id, min(is_archived) FROM attachments JOIN rollouts USING (thread_id)
WHERE attachment_type = ? AND identity_key = ? AND thread_id > ? AND facts IS NOT NULL
GROUP BY thread_id HAVING ?4 IS NULL OR min(is_archived) = ?4 ORDER BY thread_id LIMIT ?5
"""


class LocalAttachments:
    """Attachments in the state database.

    `settle` sees to it that the index has what is new about the threads of a statement; `clock` gives Unix
    milliseconds.
    """

    def __init__(
        self, database: RetryingDb, *, settle: Callable[..., Awaitable[None]], clock: Callable[[], int] = now_ms
    ) -> None:
        self._database = database
        self._settle = settle
        self._clock = clock

    async def add(self, thread_id: str, name: AttachmentName, payload: Any) -> tuple[Attachment, bool]:
        check_name(name)
        encoded = encode_payload(payload)
        new_id, now = uuid7(), self._clock() // 1000
        return await self._database.keep(
            partial(_add, thread_id=thread_id, name=name, payload=encoded, new_id=new_id, now=now)
        )

    async def remove(self, thread_id: str, name: AttachmentName) -> str | None:
        check_name(name)

        def work(transaction: Transaction) -> str | None:
            statement = f"DELETE FROM attachments WHERE {_NAMED} RETURNING id"
            removed = transaction.row(statement, thread_id, name.attachment_type, name.identity_key)
            return None if removed is None else removed[0]

        return await self._database.keep(work)

    async def list(self, thread_id: str, *, cursor: str | None, limit: int | None) -> AttachmentPage:
        after, size = parse_attachment_cursor(cursor, thread_id), page_size(limit)

        def work(transaction: Transaction) -> list[Attachment]:
            statement = (
                f"SELECT {_COLUMNS} FROM attachments WHERE thread_id = ? AND (created_at, id) > (?, ?)"
                " ORDER BY created_at, id LIMIT ?"
            )
            return [*map(_attachment_of, transaction.rows(statement, thread_id, *after, size + 1))]

        found = await self._database.read(work)
        page = found[:size]
        return AttachmentPage(page, attachment_cursor(thread_id, page[-1]) if len(found) > size else None)

    async def owners(
        self, name: AttachmentName, *, archived: bool | None, cursor: str | None, limit: int | None
    ) -> OwnerPage:
        check_name(name)
        after, size = parse_owner_cursor(cursor, name, archived=archived), page_size(limit)
        await self._settle(f"{OWNERS} WHERE attachment_type = ?1 AND identity_key = ?2", *_values(name))
        values: list[SqlValue] = [*_values(name), after, archived, size + 1]

        def work(transaction: Transaction) -> list[AttachmentOwner]:
            rows = transaction.rows(_OWNERS, *values)
            return [AttachmentOwner(thread_id, bool(is_archived)) for thread_id, is_archived in rows]

        found = await self._database.read(work)
        page = found[:size]
        return OwnerPage(page, owner_cursor(name, page[-1], archived=archived) if len(found) > size else None)


def _values(name: AttachmentName) -> tuple[str, str]:
    return name.attachment_type, name.identity_key


def _add(
    transaction: Transaction, *, thread_id: str, name: AttachmentName, payload: str, new_id: str, now: int
) -> tuple[Attachment, bool]:
    is_new = transaction.run(
        "INSERT INTO attachments (id, thread_id, attachment_type, identity_key, payload, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        new_id,
        thread_id,
        *_values(name),
        payload,
        now,
    )
    found = transaction.row(f"SELECT {_COLUMNS} FROM attachments WHERE {_NAMED}", thread_id, *_values(name))
    assert found is not None
    return _attachment_of(found), bool(is_new)


def _attachment_of(columns: Sequence[Any]) -> Attachment:
    attachment_id, attachment_type, identity_key, payload, created_at = columns
    return Attachment(
        id=attachment_id,
        name=AttachmentName(attachment_type, identity_key),
        payload=decode_payload(payload),
        created_at=created_at,
    )

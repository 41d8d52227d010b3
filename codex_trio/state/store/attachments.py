"""What clients attach to threads: what a store of it promises.

Owns the values, limits, what is refused, and cursors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from codex_trio.state.rollout.lines import UNDECODABLE
from codex_trio.state.store.organisation import OrganisationError
from codex_trio.util import decoding

MAX_NAME_BYTES = 256
MAX_PAYLOAD_BYTES = 65536


class AttachmentName(msgspec.Struct, frozen=True):
    """What an attachment is found by, together with its thread."""

    attachment_type: str
    identity_key: str


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A note that a client pinned to a thread. The payload is JSON; the time is Unix seconds."""

    id: str
    name: AttachmentName
    payload: Any
    created_at: int


class AttachmentPage(msgspec.Struct, frozen=True):
    """Some attachments of a thread, the oldest first; the cursor continues after them."""

    attachments: Sequence[Attachment]
    next_cursor: str | None


class AttachmentOwner(msgspec.Struct, frozen=True):
    """A thread that has an attachment."""

    thread_id: str
    is_archived: bool


class OwnerPage(msgspec.Struct, frozen=True):
    """Some owners, by id; the cursor continues after them."""

    owners: Sequence[AttachmentOwner]
    next_cursor: str | None


class AttachmentStore(Protocol):
    """What is attached to threads. Whether there are such threads is not its business, but for `owners`.

    Errors: OrganisationError for what cannot be, ThreadStoreError (internal).
    """

    async def add(self, thread_id: str, name: AttachmentName, payload: Any) -> tuple[Attachment, bool]:
        """Attach something unless something of that name is: what is attached then, and whether it is new."""
        ...

    async def remove(self, thread_id: str, name: AttachmentName) -> str | None:
        """Detach something; its id, None when there was nothing of that name."""
        ...

    async def list(self, thread_id: str, *, cursor: str | None, limit: int | None) -> AttachmentPage:
        """Return a page of what is attached to a thread."""
        ...

    async def owners(
        self, name: AttachmentName, *, archived: bool | None, cursor: str | None, limit: int | None
    ) -> OwnerPage:
        """Return a page of the threads that have something of that name; `archived` narrows it to one kind."""
        ...


def check_name(name: AttachmentName) -> None:
    """Raise OrganisationError for a name that says nothing, or is too long."""
    fields = (("attachmentType", name.attachment_type), ("identityKey", name.identity_key))
    for field, text in fields:
        if not text.strip():
            raise OrganisationError(f"{field} must not be empty")
    for field, text in fields:
        if len(text.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
            raise OrganisationError(f"{field} must not exceed {MAX_NAME_BYTES} bytes")


def encode_payload(payload: Any) -> str:
    """Return the JSON of a payload. Raises OrganisationError when it is too long."""
    encoded = msgspec.json.encode(payload)
    if len(encoded) > MAX_PAYLOAD_BYTES:
        raise OrganisationError(f"attachment payload must not exceed {MAX_PAYLOAD_BYTES} bytes")
    return encoded.decode()


def decode_payload(encoded: str) -> Any:
    """Return the payload that was encoded so."""
    return msgspec.json.decode(encoded)


def attachment_cursor(thread_id: str, last: Attachment) -> str:
    """Return the cursor for what follows an attachment."""
    return f"{thread_id}|{last.created_at}|{last.id}"


def parse_attachment_cursor(cursor: str | None, thread_id: str) -> tuple[int, str]:
    """Return the time and the id that a page comes after. Raises OrganisationError."""
    if cursor is None:
        return -1, ""
    parts = cursor.split("|")
    if len(parts) != 3 or parts[0] != thread_id or not (parts[1].isascii() and parts[1].isdigit()):
        raise bad_cursor()
    # More digits than the time of anything here.
    return min(int(parts[1][:20]), 2**62), parts[2]


class _OwnerCursor(msgspec.Struct, frozen=True):
    attachment_type: str
    identity_key: str
    archived: bool | None
    thread_id: str


_owner_cursor_decoder = decoding.json_decoder(_OwnerCursor)


def owner_cursor(name: AttachmentName, last: AttachmentOwner, *, archived: bool | None) -> str:
    """Return the cursor for what follows an owner."""
    cursor = _OwnerCursor(name.attachment_type, name.identity_key, archived, last.thread_id)
    return msgspec.json.encode(cursor).decode()


def parse_owner_cursor(cursor: str | None, name: AttachmentName, *, archived: bool | None) -> str:
    """Return the thread that a page comes after. Raises OrganisationError."""
    if cursor is None:
        return ""
    try:
        parsed = _owner_cursor_decoder.decode(cursor)
    except UNDECODABLE:
        raise bad_cursor() from None
    if (parsed.attachment_type, parsed.identity_key) != (name.attachment_type, name.identity_key):
        raise bad_cursor()
    if parsed.archived != archived:
        raise bad_cursor()
    return parsed.thread_id


def bad_cursor() -> OrganisationError:
    """Say that no page of this kind gave out the cursor."""
    return OrganisationError("invalid pagination cursor")

"""Sections that order threads, and things attached to threads."""

from typing import Annotated, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import Int64, JsonValue, Known, Params, UInt32, Wire


class ThreadAttachmentAddParams(Params):
    """Attach something to a thread. Type and key together name it; attaching twice is no error.

    Errors: -32600 for an unknown thread.
    """

    thread_id: str
    attachment_type: str
    identity_key: str
    payload: JsonValue


class ThreadAttachmentListParams(Params):
    """List what is attached to a thread.

    Errors: -32600 for an unknown thread or an unreadable cursor.
    """

    thread_id: str
    cursor: str | None = None
    limit: UInt32 | None = None


class ThreadAttachmentOwnerListParams(Params):
    """List the threads to which something is attached. Null lists archived ones too.

    Errors: -32600 for an unreadable cursor.
    """

    attachment_type: str
    identity_key: str
    archived: bool | None = None
    cursor: str | None = None
    limit: UInt32 | None = None


class ThreadAttachmentRemoveParams(Params):
    """Detach something from a thread.

    Errors: -32600 for an unknown thread or attachment.
    """

    thread_id: str
    attachment_type: str
    identity_key: str


class ThreadSectionAppearance(Wire):
    """How a section looks. Null leaves it to the client."""

    icon: str | None = None
    color: str | None = None


class ThreadSectionCreateParams(Params):
    """Make a section.

    Errors: -32600 for a blank name.
    """

    name: str
    appearance: ThreadSectionAppearance | None = None


class ThreadSectionDeleteParams(Params):
    """Remove a section; its threads stay.

    Errors: -32600 for an unknown section.
    """

    section_id: str


class ThreadSectionListParams(Params):
    """List sections.

    Errors: -32600 for an unreadable cursor.
    """

    cursor: str | None = None
    limit: UInt32 | None = None


class ThreadSectionMoveParams(Params):
    """Put a thread into a section, before another one or at the end; null takes it out.

    Errors: -32600 for an unknown thread or section.
    """

    thread_id: str
    section_id: str | None
    before_thread_id: str | None = None


class ThreadSectionUpdateParams(Params):
    """Rename a section. Its appearance is kept when absent and cleared by null.

    Errors: -32600 for an unknown section or a blank name.
    """

    section_id: str
    name: str
    appearance: ThreadSectionAppearance | UnsetType | None = UNSET


ThreadAttachmentOperation: TypeAlias = Annotated[str, Known("created", "deleted")]
"""What happened to an attachment."""


class ThreadAttachmentUpdatedNotification(Wire):
    """Something was attached or detached."""

    thread_id: str
    attachment_type: str
    identity_key: str
    attachment_id: str
    operation: ThreadAttachmentOperation


class ThreadSection(Wire):
    """A named group of threads."""

    id: str
    name: str
    appearance: ThreadSectionAppearance | None = None


class ThreadSectionChangedNotification(Wire):
    """A thread is in another section now, or in none."""

    thread_id: str
    section_id: str | None


class ThreadAttachment(Wire):
    """Something that belongs to a thread. The time is Unix seconds."""

    id: str
    attachment_type: str
    identity_key: str
    payload: JsonValue
    created_at: Int64


ThreadAttachmentAddOutcome: TypeAlias = Annotated[str, Known("created", "existing")]
"""Whether it was attached now or before."""


class ThreadAttachmentAddResponse(Wire):
    """The attachment."""

    outcome: ThreadAttachmentAddOutcome
    attachment: ThreadAttachment


class ThreadAttachmentListResponse(Wire):
    """A page of attachments; a null cursor marks the last one."""

    data: list[ThreadAttachment]
    next_cursor: str | None = None


class ThreadAttachmentOwner(Wire):
    """A thread, and whether it is archived."""

    thread_id: str
    archived: bool


class ThreadAttachmentOwnerListResponse(Wire):
    """A page of threads; a null cursor marks the last one."""

    data: list[ThreadAttachmentOwner]
    next_cursor: str | None = None


class ThreadAttachmentRemoveResponse(Wire):
    """Answer to `thread/attachment/remove`: it is done."""


class ThreadSectionCreateResponse(Wire):
    """The new section."""

    section: ThreadSection


class ThreadSectionDeleteResponse(Wire):
    """Answer to `threadSection/delete`: it is done."""


class ThreadSectionListResponse(Wire):
    """A page of sections; a null cursor marks the last one."""

    data: list[ThreadSection]
    next_cursor: str | None = None


class ThreadSectionMoveResponse(Wire):
    """Answer to `thread/section/move`: it is done."""


class ThreadSectionUpdateResponse(Wire):
    """The section as it is now."""

    section: ThreadSection

"""TODO module thread_section"""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Int64, JsonValue, Known, Params, UInt32, Wire


class ThreadAttachmentAddParams(Params):
    """TODO ThreadAttachmentAddParams"""

    thread_id: str
    attachment_type: str
    identity_key: str
    payload: JsonValue


class ThreadAttachmentListParams(Params):
    """TODO ThreadAttachmentListParams"""

    thread_id: str
    cursor: str | None = None
    limit: UInt32 | None = None


class ThreadAttachmentOwnerListParams(Params):
    """TODO ThreadAttachmentOwnerListParams"""

    attachment_type: str
    identity_key: str
    archived: bool | None = None
    cursor: str | None = None
    limit: UInt32 | None = None


class ThreadAttachmentRemoveParams(Params):
    """TODO ThreadAttachmentRemoveParams"""

    thread_id: str
    attachment_type: str
    identity_key: str


class ThreadSectionAppearance(Wire):
    """TODO ThreadSectionAppearance"""

    icon: str | None = None
    color: str | None = None


class ThreadSectionCreateParams(Params):
    """TODO ThreadSectionCreateParams"""

    name: str
    appearance: ThreadSectionAppearance | None = None


class ThreadSectionDeleteParams(Params):
    """TODO ThreadSectionDeleteParams"""

    section_id: str


class ThreadSectionListParams(Params):
    """TODO ThreadSectionListParams"""

    cursor: str | None = None
    limit: UInt32 | None = None


class ThreadSectionMoveParams(Params):
    """TODO ThreadSectionMoveParams"""

    thread_id: str
    section_id: str | None
    before_thread_id: str | None = None


class ThreadSectionUpdateParams(Params):
    """TODO ThreadSectionUpdateParams"""

    section_id: str
    name: str
    appearance: ThreadSectionAppearance | None = None


ThreadAttachmentOperation: TypeAlias = Annotated[str, Known("created", "deleted")]
"""TODO ThreadAttachmentOperation"""


class ThreadAttachmentUpdatedNotification(Wire):
    """TODO ThreadAttachmentUpdatedNotification"""

    thread_id: str
    attachment_type: str
    identity_key: str
    attachment_id: str
    operation: ThreadAttachmentOperation


class ThreadSection(Wire):
    """TODO ThreadSection"""

    id: str
    name: str
    appearance: ThreadSectionAppearance | None = None


class ThreadSectionChangedNotification(Wire):
    """TODO ThreadSectionChangedNotification"""

    thread_id: str
    section_id: str | None


class ThreadAttachment(Wire):
    """TODO ThreadAttachment"""

    id: str
    attachment_type: str
    identity_key: str
    payload: JsonValue
    created_at: Int64


ThreadAttachmentAddOutcome: TypeAlias = Annotated[str, Known("created", "existing")]
"""TODO ThreadAttachmentAddOutcome"""


class ThreadAttachmentAddResponse(Wire):
    """TODO ThreadAttachmentAddResponse"""

    outcome: ThreadAttachmentAddOutcome
    attachment: ThreadAttachment


class ThreadAttachmentListResponse(Wire):
    """TODO ThreadAttachmentListResponse"""

    data: list[ThreadAttachment]
    next_cursor: str | None = None


class ThreadAttachmentOwner(Wire):
    """TODO ThreadAttachmentOwner"""

    thread_id: str
    archived: bool


class ThreadAttachmentOwnerListResponse(Wire):
    """TODO ThreadAttachmentOwnerListResponse"""

    data: list[ThreadAttachmentOwner]
    next_cursor: str | None = None


class ThreadAttachmentRemoveResponse(Wire):
    """TODO ThreadAttachmentRemoveResponse"""


class ThreadSectionCreateResponse(Wire):
    """TODO ThreadSectionCreateResponse"""

    section: ThreadSection


class ThreadSectionDeleteResponse(Wire):
    """TODO ThreadSectionDeleteResponse"""


class ThreadSectionListResponse(Wire):
    """TODO ThreadSectionListResponse"""

    data: list[ThreadSection]
    next_cursor: str | None = None


class ThreadSectionMoveResponse(Wire):
    """TODO ThreadSectionMoveResponse"""


class ThreadSectionUpdateResponse(Wire):
    """TODO ThreadSectionUpdateResponse"""

    section: ThreadSection

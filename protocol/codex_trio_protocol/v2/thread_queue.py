"""TODO module thread_queue"""

from codex_trio_protocol.base import Params, UInt32, Wire
from codex_trio_protocol.v2.turn import Turn
from codex_trio_protocol.v2.user_input import UserInput


class ThreadQueueAddParams(Params):
    """TODO ThreadQueueAddParams"""

    thread_id: str
    input: list[UserInput]
    client_user_message_id: str
    responsesapi_client_metadata: dict[str, str] | None = None


class ThreadQueueDeleteParams(Params):
    """TODO ThreadQueueDeleteParams"""

    thread_id: str
    queued_submission_id: str


class ThreadQueueListParams(Params):
    """TODO ThreadQueueListParams"""

    thread_id: str
    cursor: str | None = None
    limit: UInt32 | None = None


class ThreadQueueReorderParams(Params):
    """TODO ThreadQueueReorderParams"""

    thread_id: str
    queued_submission_ids: list[str]


class ThreadQueueStartParams(Params):
    """TODO ThreadQueueStartParams"""

    thread_id: str
    queued_submission_id: str | None = None


class ThreadQueueUpdateParams(Params):
    """TODO ThreadQueueUpdateParams"""

    thread_id: str
    queued_submission_id: str
    input: list[UserInput]
    responsesapi_client_metadata: dict[str, str] | None = None


class ThreadQueueChangedNotification(Wire):
    """TODO ThreadQueueChangedNotification"""

    thread_id: str


class QueuedSubmission(Wire):
    """TODO QueuedSubmission"""

    id: str
    input: list[UserInput]
    client_user_message_id: str
    responsesapi_client_metadata: dict[str, str] | None = None


class ThreadQueueAddResponse(Wire):
    """TODO ThreadQueueAddResponse"""

    queued_submission: QueuedSubmission


class ThreadQueueDeleteResponse(Wire):
    """TODO ThreadQueueDeleteResponse"""

    deleted: bool


class ThreadQueueListResponse(Wire):
    """TODO ThreadQueueListResponse"""

    data: list[QueuedSubmission]
    next_cursor: str | None = None


class ThreadQueueReorderResponse(Wire):
    """TODO ThreadQueueReorderResponse"""


class ThreadQueueStartResponse(Wire):
    """TODO ThreadQueueStartResponse"""

    turn: Turn


class ThreadQueueUpdateResponse(Wire):
    """TODO ThreadQueueUpdateResponse"""

    queued_submission: QueuedSubmission

"""Input that waits until a thread is free."""

from codex_trio_protocol.base import Open, Params, UInt32, Wire
from codex_trio_protocol.v2.turn import Turn
from codex_trio_protocol.v2.user_input import UserInput


class ThreadQueueAddParams(Params):
    """Put input at the end of a thread's queue.

    Errors: -32600 for an unknown thread or empty input.
    """

    thread_id: str
    input: list[UserInput]
    client_user_message_id: str
    responsesapi_client_metadata: dict[str, str] | None = None


class ThreadQueueDeleteParams(Params):
    """Take input out of the queue.

    Errors: -32600 for an unknown thread.
    """

    thread_id: str
    queued_submission_id: str


class ThreadQueueListParams(Params):
    """Read the queue by pages.

    Errors: -32600 for an unknown thread or an unreadable cursor.
    """

    thread_id: str
    cursor: str | None = None
    limit: UInt32 | None = None


class ThreadQueueReorderParams(Params):
    """Put the queue into this order; all waiting ids are named once.

    Errors: -32600 when the ids are not those that wait.
    """

    thread_id: str
    queued_submission_ids: list[str]


class ThreadQueueStartParams(Params):
    """Start a turn with waiting input; null takes the first.

    Errors: -32600 when nothing waits or a turn runs.
    """

    thread_id: str
    queued_submission_id: str | None = None


class ThreadQueueUpdateParams(Params):
    """Replace waiting input. Null or empty metadata keeps what is there.

    Errors: -32600 when it does not wait any more.
    """

    thread_id: str
    queued_submission_id: str
    input: list[UserInput]
    responsesapi_client_metadata: dict[str, str] | None = None


class ThreadQueueChangedNotification(Wire):
    """The queue of a thread has changed."""

    thread_id: str


class QueuedSubmission(Wire):
    """Input that waits for its turn."""

    id: str
    input: list[Open[UserInput]]
    client_user_message_id: str
    responsesapi_client_metadata: dict[str, str] | None = None


class ThreadQueueAddResponse(Wire):
    """The input as it waits."""

    queued_submission: QueuedSubmission


class ThreadQueueDeleteResponse(Wire):
    """Whether it was still there."""

    deleted: bool


class ThreadQueueListResponse(Wire):
    """A page of the queue; a null cursor marks the last one."""

    data: list[QueuedSubmission]
    next_cursor: str | None = None


class ThreadQueueReorderResponse(Wire):
    """Answer to `thread/queue/reorder`: it is done."""


class ThreadQueueStartResponse(Wire):
    """The turn that began."""

    turn: Turn


class ThreadQueueUpdateResponse(Wire):
    """The input as it waits now."""

    queued_submission: QueuedSubmission

"""TODO module thread_work"""

from typing import TypeAlias

from codex_trio_protocol.base import Int64, JsonValue, Open, Params, Tagged, UInt32, UInt64, Wire
from codex_trio_protocol.jsonrpc import RequestId
from codex_trio_protocol.v2.common import LegacyAppPathString, ReasoningEffort, ThreadSource
from codex_trio_protocol.v2.thread import Thread


class ThreadBackgroundTerminalsCleanParams(Params):
    """TODO ThreadBackgroundTerminalsCleanParams"""

    thread_id: str


class ThreadBackgroundTerminalsListParams(Params):
    """TODO ThreadBackgroundTerminalsListParams"""

    thread_id: str
    cursor: str | None = None
    limit: UInt32 | None = None


class ThreadBackgroundTerminalsTerminateParams(Params):
    """TODO ThreadBackgroundTerminalsTerminateParams"""

    thread_id: str
    process_id: str


class ThreadCompactStartParams(Params):
    """TODO ThreadCompactStartParams"""

    thread_id: str


class ThreadDecrementElicitationParams(Params):
    """TODO ThreadDecrementElicitationParams"""

    thread_id: str


class ThreadIncrementElicitationParams(Params):
    """TODO ThreadIncrementElicitationParams"""

    thread_id: str


class ThreadInjectItemsParams(Params):
    """TODO ThreadInjectItemsParams"""

    thread_id: str
    items: list[JsonValue]


class ThreadPredictionRequestParams(Params):
    """TODO ThreadPredictionRequestParams"""

    thread_id: str
    source_turn_id: str


class ThreadPrepareApprovedPlanParams(Params):
    """TODO ThreadPrepareApprovedPlanParams"""

    thread_id: str
    markdown: str
    attachment_path: str | None = None


class ThreadRevertParams(Params):
    """TODO ThreadRevertParams"""

    thread_id: str
    before_turn_id: str


class ThreadSampleCancelParams(Params, forbid_unknown_fields=True):
    """TODO ThreadSampleCancelParams"""

    request_id: RequestId


class ThreadSampleParams(Params):
    """TODO ThreadSampleParams"""

    thread_id: str
    expected_turn_id: str
    allow_in_progress_turn: bool = False
    prompt: str
    effort: ReasoningEffort | None = None
    thread_source: ThreadSource | None = None
    turn_trigger: str | None = None
    responsesapi_client_metadata: dict[str, str] | None = None
    disable_mcp: bool = False
    interrupt_on_cancel: bool | None = None


class ThreadShellCommandParams(Params):
    """TODO ThreadShellCommandParams"""

    thread_id: str
    command: str
    timeout_ms: Int64 | None = None


class ContextCompactedNotification(Wire):
    """TODO ContextCompactedNotification"""

    thread_id: str
    turn_id: str


class CompletedThreadPredictionResult(Tagged, tag="completed"):
    """TODO CompletedThreadPredictionResult"""

    text: str | None = None


class FailedThreadPredictionResult(Tagged, tag="failed"):
    """TODO FailedThreadPredictionResult"""


ThreadPredictionResult: TypeAlias = Open[CompletedThreadPredictionResult | FailedThreadPredictionResult]
"""TODO ThreadPredictionResult"""


class ThreadPredictionUpdatedNotification(Wire):
    """TODO ThreadPredictionUpdatedNotification"""

    thread_id: str
    source_turn_id: str
    result: ThreadPredictionResult


class ThreadRevertedNotification(Wire):
    """TODO ThreadRevertedNotification"""

    thread_id: str


class RolloutCompressResponse(Wire):
    """TODO RolloutCompressResponse"""


class ThreadBackgroundTerminalsCleanResponse(Wire):
    """TODO ThreadBackgroundTerminalsCleanResponse"""


class ThreadBackgroundTerminal(Wire):
    """TODO ThreadBackgroundTerminal"""

    item_id: str
    process_id: str
    command: str
    cwd: LegacyAppPathString
    os_pid: UInt32 | None = None
    cpu_percent: float | None = None
    rss_kb: UInt64 | None = None


class ThreadBackgroundTerminalsListResponse(Wire):
    """TODO ThreadBackgroundTerminalsListResponse"""

    data: list[ThreadBackgroundTerminal]
    next_cursor: str | None = None


class ThreadBackgroundTerminalsTerminateResponse(Wire):
    """TODO ThreadBackgroundTerminalsTerminateResponse"""

    terminated: bool


class ThreadCompactStartResponse(Wire):
    """TODO ThreadCompactStartResponse"""


class ThreadDecrementElicitationResponse(Wire):
    """TODO ThreadDecrementElicitationResponse"""

    count: Int64
    paused: bool


class ThreadIncrementElicitationResponse(Wire):
    """TODO ThreadIncrementElicitationResponse"""

    count: Int64
    paused: bool


class ThreadInjectItemsResponse(Wire):
    """TODO ThreadInjectItemsResponse"""


class ThreadPredictionRequestResponse(Wire):
    """TODO ThreadPredictionRequestResponse"""


class ThreadPrepareApprovedPlanResponse(Wire):
    """TODO ThreadPrepareApprovedPlanResponse"""

    prompt: str


class ThreadRevertResponse(Wire):
    """TODO ThreadRevertResponse"""

    thread: Thread
    turns_backwards_cursor: str | None = None
    items_backwards_cursor: str | None = None


class ThreadSampleCancelResponse(Wire):
    """TODO ThreadSampleCancelResponse"""


class ThreadSampleResponse(Wire):
    """TODO ThreadSampleResponse"""

    source_turn_id: str
    response_id: str
    text: str | None = None
    input_tokens: Int64 | None = None
    cached_input_tokens: Int64 | None = None
    output_tokens: Int64 | None = None


class ThreadShellCommandResponse(Wire):
    """TODO ThreadShellCommandResponse"""


class ThreadRollbackParams(Params):
    """TODO ThreadRollbackParams"""

    num_turns: UInt32
    thread_id: str


class ThreadRollbackResponse(Wire):
    """TODO ThreadRollbackResponse"""

    thread: Thread

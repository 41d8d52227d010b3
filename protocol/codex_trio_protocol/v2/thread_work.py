"""What can be done with a thread besides turns: shell commands, compaction, terminals, samples, reverting."""

from typing import TypeAlias

from codex_trio_protocol.base import Int64, JsonValue, Open, Params, Tagged, UInt32, UInt64, Wire
from codex_trio_protocol.jsonrpc import RequestId
from codex_trio_protocol.v2.common import LegacyAppPathString, ReasoningEffort, ThreadSource
from codex_trio_protocol.v2.thread import Thread


class ThreadBackgroundTerminalsCleanParams(Params):
    """End all commands that a thread left running.

    Errors: -32600 when the thread is not loaded.
    """

    thread_id: str


class ThreadBackgroundTerminalsListParams(Params):
    """List commands that a thread left running.

    Errors: -32600 when the thread is not loaded, and for an unreadable cursor.
    """

    thread_id: str
    cursor: str | None = None
    limit: UInt32 | None = None


class ThreadBackgroundTerminalsTerminateParams(Params):
    """End one command that a thread left running.

    Errors: -32600 when the thread is not loaded.
    """

    thread_id: str
    process_id: str


class ThreadCompactStartParams(Params):
    """Sum up a thread's history to make room; runs as a turn of its own.

    Errors: -32600 when the thread is not loaded.
    """

    thread_id: str


class ThreadDecrementElicitationParams(Params):
    """One question outside the server has been answered.

    Errors: -32600 when none was open or the thread is not loaded.
    """

    thread_id: str


class ThreadIncrementElicitationParams(Params):
    """A question is put to the user outside the server: its timers stand still meanwhile.

    Errors: -32600 when the thread is not loaded.
    """

    thread_id: str


class ThreadInjectItemsParams(Params):
    """Add items to what the model remembers, without a turn.

    Errors: -32600 for an empty list, an item that is no object, or a thread that is not loaded.
    """

    thread_id: str
    items: list[JsonValue]


class ThreadPredictionRequestParams(Params):
    """Have the user's next words guessed after a turn.

    Errors: -32600 when thread or turn are not there.
    """

    thread_id: str
    source_turn_id: str


class ThreadPrepareApprovedPlanParams(Params):
    """Hand an approved plan to a fresh thread.

    Errors: -32600 when the thread is not loaded or has turns already.
    """

    thread_id: str
    markdown: str
    attachment_path: str | None = None


class ThreadRevertParams(Params):
    """Drop a turn and all later ones from a thread's history. Files stay as they are.

    Errors: -32600 when thread or turn are unknown or a turn runs.
    """

    thread_id: str
    before_turn_id: str


class ThreadSampleCancelParams(Params, forbid_unknown_fields=True):
    """Stop a running `thread/sample`, by its request id."""

    request_id: RequestId


class ThreadSampleParams(Params):
    """Ask the model one thing with a thread's history, leaving the thread as it is.

    Errors: -32600 when the thread is not loaded or the turn is not its latest finished one.
    """

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
    """Whether cancelling also stops the provider; null is the thread's setting."""


class ThreadShellCommandParams(Params):
    """Run a shell command for the user: no sandbox, no approval. Its output is shown to the model next time.

    Errors: -32600 for a blank command and when the thread is not loaded.
    """

    thread_id: str
    command: str
    timeout_ms: Int64 | None = None
    """In milliseconds; null is an hour."""


class ContextCompactedNotification(Wire):
    """The history was summed up. Older form of the item `contextCompaction`."""

    thread_id: str
    turn_id: str


class CompletedThreadPredictionResult(Tagged, tag="completed"):
    """A guess; null when there is nothing to guess."""

    text: str | None = None


class FailedThreadPredictionResult(Tagged, tag="failed"):
    """No guess could be made."""


ThreadPredictionResult: TypeAlias = Open[CompletedThreadPredictionResult | FailedThreadPredictionResult]
"""What came of a prediction."""


class ThreadPredictionUpdatedNotification(Wire):
    """The outcome of a prediction."""

    thread_id: str
    source_turn_id: str
    result: ThreadPredictionResult


class ThreadRevertedNotification(Wire):
    """A thread lost its last turns; what was shown of them is to be read again."""

    thread_id: str


class RolloutCompressResponse(Wire):
    """Compression was asked for; it runs later, or not at all when it ran lately."""


class ThreadBackgroundTerminalsCleanResponse(Wire):
    """Answer to `thread/backgroundTerminals/clean`: it is done."""


class ThreadBackgroundTerminal(Wire):
    """A command that still runs. Numbers are null where the system does not tell; memory is in KiB."""

    item_id: str
    process_id: str
    command: str
    cwd: LegacyAppPathString
    os_pid: UInt32 | None = None
    cpu_percent: float | None = None
    rss_kb: UInt64 | None = None


class ThreadBackgroundTerminalsListResponse(Wire):
    """A page of running commands; a null cursor marks the last one."""

    data: list[ThreadBackgroundTerminal]
    next_cursor: str | None = None


class ThreadBackgroundTerminalsTerminateResponse(Wire):
    """Whether there was something to end."""

    terminated: bool


class ThreadCompactStartResponse(Wire):
    """Answer to `thread/compact/start`: the compaction is under way."""


class ThreadDecrementElicitationResponse(Wire):
    """Questions still open, and whether timers stand still."""

    count: Int64
    paused: bool


class ThreadIncrementElicitationResponse(Wire):
    """Questions now open, and whether timers stand still."""

    count: Int64
    paused: bool


class ThreadInjectItemsResponse(Wire):
    """Answer to `thread/inject_items`: it is done."""


class ThreadPredictionRequestResponse(Wire):
    """Answer to `thread/prediction/request`: the outcome comes as a notification."""


class ThreadPrepareApprovedPlanResponse(Wire):
    """Words to start the first turn with."""

    prompt: str


class ThreadRevertResponse(Wire):
    """The thread without its turns, and where to read backwards from."""

    thread: Thread
    turns_backwards_cursor: str | None = None
    items_backwards_cursor: str | None = None


class ThreadSampleCancelResponse(Wire):
    """Answer to `thread/sample/cancel`: the sample was told to stop."""


class ThreadSampleResponse(Wire):
    """What the model said; null when it called a tool or said nothing. Token counts are null when not reported."""

    source_turn_id: str
    response_id: str
    text: str | None = None
    input_tokens: Int64 | None = None
    cached_input_tokens: Int64 | None = None
    output_tokens: Int64 | None = None


class ThreadShellCommandResponse(Wire):
    """Answer to `thread/shellCommand`: the command is under way."""


class ThreadRollbackParams(Params):
    """Drop turns from the end of a thread's history. Files stay as they are. Releases up to 0.131.

    Errors: -32600 for 0 turns, while a turn runs, and when there is no stored history.
    """

    num_turns: UInt32
    thread_id: str


class ThreadRollbackResponse(Wire):
    """The thread with the turns that are left."""

    thread: Thread

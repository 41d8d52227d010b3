"""Turns: starting, steering and interrupting one, its state and its errors."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import (
    AbsolutePathParam,
    AnyPath,
    Int64,
    JsonValue,
    Known,
    OneOf,
    Open,
    OpenWord,
    Params,
    Since,
    UInt16,
    Wire,
)
from codex_trio_protocol.v2.common import (
    CollaborationMode,
    CyberAccessProgram,
    MultiAgentMode,
    Personality,
    ReasoningEffort,
    ReasoningSummary,
)
from codex_trio_protocol.v2.environment import TurnEnvironmentParams
from codex_trio_protocol.v2.item import ThreadItem
from codex_trio_protocol.v2.permissions import ApprovalsReviewer, AskForApproval, SandboxPolicy
from codex_trio_protocol.v2.user_input import AdditionalContextEntry, TurnToolOutput, UserInput


class TurnInterruptParams(Params):
    """Stop a turn; answered once it has stopped. An empty turn id names whichever turn is starting.

    Errors: -32600 when the thread is not loaded, no turn runs, or another one does.
    """

    thread_id: str
    turn_id: str


TurnItemsView: TypeAlias = Literal["notLoaded", "summary", "full"]
"""How much of a turn's items is there: none, the first question and last answer, or all."""


class TurnSettingsUpdateParams(Params, forbid_unknown_fields=True):
    """Change settings of the running turn only.

    Null leaves a setting alone; `service_tier` is cleared by null and left alone when absent.

    Errors: -32600 for unknown keys and unknown threads.
    """

    thread_id: str
    turn_id: str
    approvals_reviewer: ApprovalsReviewer | None = None
    environments: list[TurnEnvironmentParams] | None = None
    model: str | None = None
    effort: ReasoningEffort | None = None
    summary: ReasoningSummary | None = None
    service_tier: str | UnsetType | None = UNSET


class TurnStartParams(Params):
    """Hand input to a thread: starts a turn, or joins the running one.

    Settings given here last for later turns too, unless said otherwise.

    Errors: -32600 when the thread is not loaded or an override is invalid; -32602 for more than 1048576 characters of
    text; -32603 while a compaction or review runs.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {
            "additional_context",
            "collaboration_mode",
            "cyber_access_program",
            "environments",
            "multi_agent_mode",
            "permissions",
            "responsesapi_client_metadata",
            "responsesapi_client_metadata_patch",
            "runtime_workspace_roots",
        }
    )

    thread_id: str
    disabled_plugin_ids: list[str] | None = None
    """Plugins to leave out; null keeps the list, an empty one enables all."""
    client_user_message_id: str | None = None
    """Comes back as the message item's `clientId`."""
    input: list[UserInput]
    turn_trigger: str | None = None
    """What made the client start the turn; for statistics."""
    parent_turn_id: str | None = None
    """The turn on whose behalf this one works."""
    root_turn_id: str | None = None
    """The first turn of that chain."""
    tool_output: TurnToolOutput | None = None
    responsesapi_client_metadata: dict[str, str] | None = None
    """Replaces the metadata sent along with model requests."""
    responsesapi_client_metadata_patch: dict[str, str] | None = None
    """Is merged into that metadata."""
    additional_context: dict[str, AdditionalContextEntry] | None = None
    """Pieces of context by a key of the client's choice."""
    environments: list[TurnEnvironmentParams] | None = None
    """Where tools run; null keeps, an empty list leaves the turn without any."""
    cwd: AnyPath | None = None
    runtime_workspace_roots: list[AbsolutePathParam] | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox_policy: SandboxPolicy | None = None
    permissions: str | None = None
    """A profile's name; not together with `sandbox_policy`."""
    model: str | None = None
    service_tier: str | UnsetType | None = UNSET
    """Null returns to the default, absence keeps."""
    service_tier_for_turn: str | None = None
    """For this turn only, and only if it starts one; `default` is the standard tier."""
    effort: ReasoningEffort | None = None
    summary: ReasoningSummary | None = None
    personality: Personality | None = None
    output_schema: JsonValue | UnsetType = UNSET
    """JSON Schema for the final answer of this turn."""
    collaboration_mode: CollaborationMode | None = None
    multi_agent_mode: MultiAgentMode | None = None
    cyber_access_program: CyberAccessProgram | None = None


class TurnSteerParams(Params):
    """Add input to the running turn; the model sees it at its next step.

    Errors: -32600 when no turn runs, another one does, the input is empty, or the turn is a review or compaction (with
    `data`); -32602 for too much text.
    """

    experimental_fields: ClassVar[frozenset[str]] = frozenset(
        {"additional_context", "responsesapi_client_metadata", "responsesapi_client_metadata_patch"}
    )

    thread_id: str
    client_user_message_id: str | None = None
    input: list[UserInput]
    responsesapi_client_metadata: dict[str, str] | None = None
    responsesapi_client_metadata_patch: dict[str, str] | None = None
    additional_context: dict[str, AdditionalContextEntry] | None = None
    expected_turn_id: str


NonSteerableTurnKind: TypeAlias = Annotated[str, Known("review", "compact")]
"""Turns that take no further input."""


class HttpFailure(Wire):
    """Status of the reply that failed; null when there was none."""

    http_status_code: UInt16 | None = None


class ActiveTurnNotSteerable(Wire):
    """The running turn takes no input."""

    turn_kind: NonSteerableTurnKind


class CodexErrorInfoObject(OneOf):
    """The kinds of errors that carry more than a word."""

    one_of: ClassVar[tuple[str, ...]] = (
        "http_connection_failed",
        "response_stream_connection_failed",
        "response_stream_disconnected",
        "response_too_many_failed_attempts",
        "active_turn_not_steerable",
    )

    http_connection_failed: HttpFailure | UnsetType = UNSET
    response_stream_connection_failed: HttpFailure | UnsetType = UNSET
    response_stream_disconnected: HttpFailure | UnsetType = UNSET
    response_too_many_failed_attempts: HttpFailure | UnsetType = UNSET
    active_turn_not_steerable: ActiveTurnNotSteerable | UnsetType = UNSET


CodexErrorInfo: TypeAlias = Open[
    Annotated[str, Known("bioPolicy"), Since("0.171.0")]
    | Annotated[
        str,
        Known(
            "contextWindowExceeded",
            "sessionBudgetExceeded",
            "usageLimitExceeded",
            "rateLimitExceeded",
            "flexUnavailable",
            "serverOverloaded",
            "modelNotFound",
            "policyCapacityUnavailable",
            "cyberPolicy",
            "misalignmentPolicyViolation",
            "tooManyDenials",
            "internalServerError",
            "unauthorized",
            "badRequest",
            "threadRollbackFailed",
            "sandboxError",
            "other",
            "inferenceHookDenied",
        ),
    ]
    | CodexErrorInfoObject
]
"""What went wrong, for programs. New kinds may appear in any release."""


class MisalignmentSteer(Wire):
    """Input that would let the work go on after a block, if the user agrees."""

    message: str


class MisalignmentErrorDetails(Wire):
    """Why the provider stopped the work, and how it may go on. Null parts were not given."""

    error_type: str | None = None
    detailed_explanation: str | None = None
    steer: MisalignmentSteer | None = None
    review_target: str | None = None


class TokenUsageBreakdown(Wire):
    """Tokens spent. Cached and cache-writing ones are part of the input, reasoning is part of the output."""

    total_tokens: Int64
    input_tokens: Int64
    cached_input_tokens: Int64
    cache_write_input_tokens: Int64 = 0
    output_tokens: Int64
    reasoning_output_tokens: Int64


class TurnError(Wire):
    """Why a turn failed, or why a request is tried again. The kind is null when it is not known."""

    message: str
    codex_error_info: CodexErrorInfo | None = None
    additional_details: str | None = None
    misalignment: MisalignmentErrorDetails | None = None


TurnStatus: TypeAlias = Annotated[str, Known("completed", "interrupted", "failed", "inProgress")]
"""Where a turn stands."""


class Turn(Wire):
    """One exchange: what the user asked and all that came of it. Times are Unix seconds, null until they are known."""

    id: str
    root_turn_id: str | None = None
    """First turn of the chain that led here; null when unknown."""
    items: list[ThreadItem]
    """As many as `items_view` says."""
    items_view: OpenWord[TurnItemsView] = "full"
    status: TurnStatus
    error: TurnError | None = None
    """Set when the status is `failed`."""
    started_at: Int64 | None = None
    completed_at: Int64 | None = None
    duration_ms: Int64 | None = None
    """From start to completion, in milliseconds."""


class TurnInterruptResponse(Wire):
    """Answer to `turn/interrupt`: the turn has stopped."""


TurnSettingsUpdateStatus: TypeAlias = Annotated[str, Known("applied", "targetUnavailable")]
"""Whether the turn was still there to be changed."""


class TurnSettingsUpdateResponse(Wire):
    """Whether the change took effect."""

    status: TurnSettingsUpdateStatus


class TurnStartResponse(Wire):
    """The turn that took the input; its start time is still null."""

    turn: Turn


class TurnSteerResponse(Wire):
    """The turn that took the input."""

    turn_id: str

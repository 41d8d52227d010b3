"""TODO module turn"""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from codex_trio_protocol.base import AbsolutePathParam, Int64, JsonValue, Known, OneOf, Open, Params, UInt16, Wire
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
    """TODO TurnInterruptParams"""

    thread_id: str
    turn_id: str


TurnItemsView: TypeAlias = Literal["notLoaded", "summary", "full"]
"""TODO TurnItemsView"""


class TurnSettingsUpdateParams(Params, forbid_unknown_fields=True):
    """TODO TurnSettingsUpdateParams"""

    thread_id: str
    turn_id: str
    approvals_reviewer: ApprovalsReviewer | None = None
    environments: list[TurnEnvironmentParams] | None = None
    model: str | None = None
    effort: ReasoningEffort | None = None
    summary: ReasoningSummary | None = None
    service_tier: str | UnsetType | None = UNSET


class TurnStartParams(Params):
    """TODO TurnStartParams"""

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
    client_user_message_id: str | None = None
    input: list[UserInput]
    turn_trigger: str | None = None
    parent_turn_id: str | None = None
    root_turn_id: str | None = None
    tool_output: TurnToolOutput | None = None
    responsesapi_client_metadata: dict[str, str] | None = None
    responsesapi_client_metadata_patch: dict[str, str] | None = None
    additional_context: dict[str, AdditionalContextEntry] | None = None
    environments: list[TurnEnvironmentParams] | None = None
    cwd: str | None = None
    runtime_workspace_roots: list[AbsolutePathParam] | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox_policy: SandboxPolicy | None = None
    permissions: str | None = None
    model: str | None = None
    service_tier: str | UnsetType | None = UNSET
    service_tier_for_turn: str | None = None
    effort: ReasoningEffort | None = None
    summary: ReasoningSummary | None = None
    personality: Personality | None = None
    output_schema: JsonValue | UnsetType = UNSET
    collaboration_mode: CollaborationMode | None = None
    multi_agent_mode: MultiAgentMode | None = None
    cyber_access_program: CyberAccessProgram | None = None


class TurnSteerParams(Params):
    """TODO TurnSteerParams"""

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
"""TODO NonSteerableTurnKind"""


class CodexErrorInfoObjectHttpConnectionFailed(Wire):
    """TODO CodexErrorInfoObjectHttpConnectionFailed"""

    http_status_code: UInt16 | None = None


class CodexErrorInfoObjectResponseStreamConnectionFailed(Wire):
    """TODO CodexErrorInfoObjectResponseStreamConnectionFailed"""

    http_status_code: UInt16 | None = None


class CodexErrorInfoObjectResponseStreamDisconnected(Wire):
    """TODO CodexErrorInfoObjectResponseStreamDisconnected"""

    http_status_code: UInt16 | None = None


class CodexErrorInfoObjectResponseTooManyFailedAttempts(Wire):
    """TODO CodexErrorInfoObjectResponseTooManyFailedAttempts"""

    http_status_code: UInt16 | None = None


class CodexErrorInfoObjectActiveTurnNotSteerable(Wire):
    """TODO CodexErrorInfoObjectActiveTurnNotSteerable"""

    turn_kind: NonSteerableTurnKind


class CodexErrorInfoObject(OneOf):
    """TODO CodexErrorInfoObject"""

    one_of: ClassVar[tuple[str, ...]] = (
        "http_connection_failed",
        "response_stream_connection_failed",
        "response_stream_disconnected",
        "response_too_many_failed_attempts",
        "active_turn_not_steerable",
    )

    http_connection_failed: CodexErrorInfoObjectHttpConnectionFailed | UnsetType = UNSET
    response_stream_connection_failed: CodexErrorInfoObjectResponseStreamConnectionFailed | UnsetType = UNSET
    response_stream_disconnected: CodexErrorInfoObjectResponseStreamDisconnected | UnsetType = UNSET
    response_too_many_failed_attempts: CodexErrorInfoObjectResponseTooManyFailedAttempts | UnsetType = UNSET
    active_turn_not_steerable: CodexErrorInfoObjectActiveTurnNotSteerable | UnsetType = UNSET


CodexErrorInfo: TypeAlias = Open[
    Annotated[
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
"""TODO CodexErrorInfo"""


class MisalignmentSteer(Wire):
    """TODO MisalignmentSteer"""

    message: str


class MisalignmentErrorDetails(Wire):
    """TODO MisalignmentErrorDetails"""

    error_type: str | None = None
    detailed_explanation: str | None = None
    steer: MisalignmentSteer | None = None
    review_target: str | None = None


class TokenUsageBreakdown(Wire):
    """TODO TokenUsageBreakdown"""

    total_tokens: Int64
    input_tokens: Int64
    cached_input_tokens: Int64
    cache_write_input_tokens: Int64 = 0
    output_tokens: Int64
    reasoning_output_tokens: Int64


class TurnError(Wire):
    """TODO TurnError"""

    message: str
    codex_error_info: CodexErrorInfo | None = None
    additional_details: str | None = None
    misalignment: MisalignmentErrorDetails | None = None


TurnStatus: TypeAlias = Annotated[str, Known("completed", "interrupted", "failed", "inProgress")]
"""TODO TurnStatus"""


class Turn(Wire):
    """TODO Turn"""

    id: str
    root_turn_id: str | None = None
    items: list[ThreadItem]
    items_view: TurnItemsView = "full"
    status: TurnStatus
    error: TurnError | None = None
    started_at: Int64 | None = None
    completed_at: Int64 | None = None
    duration_ms: Int64 | None = None


class TurnInterruptResponse(Wire):
    """TODO TurnInterruptResponse"""


TurnSettingsUpdateStatus: TypeAlias = Annotated[str, Known("applied", "targetUnavailable")]
"""TODO TurnSettingsUpdateStatus"""


class TurnSettingsUpdateResponse(Wire):
    """TODO TurnSettingsUpdateResponse"""

    status: TurnSettingsUpdateStatus


class TurnStartResponse(Wire):
    """TODO TurnStartResponse"""

    turn: Turn


class TurnSteerResponse(Wire):
    """TODO TurnSteerResponse"""

    turn_id: str

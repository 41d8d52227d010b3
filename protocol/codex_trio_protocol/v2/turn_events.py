"""TODO module turn_events"""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Int64, JsonValue, Known, Wire
from codex_trio_protocol.v2.common import ResponseItem
from codex_trio_protocol.v2.turn import TokenUsageBreakdown, Turn, TurnError


class AuthRecoveryNotification(Wire):
    """TODO AuthRecoveryNotification"""

    thread_id: str
    turn_id: str
    provider: str
    message: str


class ErrorNotification(Wire):
    """TODO ErrorNotification"""

    error: TurnError
    will_retry: bool
    thread_id: str
    turn_id: str


ModelRerouteReason: TypeAlias = Annotated[str, Known("highRiskCyberActivity")]
"""TODO ModelRerouteReason"""


class ModelReroutedNotification(Wire):
    """TODO ModelReroutedNotification"""

    thread_id: str
    turn_id: str
    from_model: str
    to_model: str
    reason: ModelRerouteReason


class ModelSafetyBufferingUpdatedNotification(Wire):
    """TODO ModelSafetyBufferingUpdatedNotification"""

    thread_id: str
    turn_id: str
    model: str
    use_cases: list[str]
    reasons: list[str]
    show_buffering_ui: bool
    faster_model: str | None = None


ModelVerification: TypeAlias = Annotated[str, Known("trustedAccessForCyber")]
"""TODO ModelVerification"""


class ModelVerificationNotification(Wire):
    """TODO ModelVerificationNotification"""

    thread_id: str
    turn_id: str
    verifications: list[ModelVerification]


class ThreadTokenUsage(Wire):
    """TODO ThreadTokenUsage"""

    total: TokenUsageBreakdown
    last: TokenUsageBreakdown
    model_context_window: Int64 | None = None


class ThreadTokenUsageUpdatedNotification(Wire):
    """TODO ThreadTokenUsageUpdatedNotification"""

    thread_id: str
    turn_id: str
    token_usage: ThreadTokenUsage


class TurnCompletedNotification(Wire):
    """TODO TurnCompletedNotification"""

    thread_id: str
    turn: Turn


class TurnDiffUpdatedNotification(Wire):
    """TODO TurnDiffUpdatedNotification"""

    thread_id: str
    turn_id: str
    diff: str


class TurnModerationMetadataNotification(Wire):
    """TODO TurnModerationMetadataNotification"""

    thread_id: str
    turn_id: str
    metadata: JsonValue


TurnPlanStepStatus: TypeAlias = Annotated[str, Known("pending", "inProgress", "completed")]
"""TODO TurnPlanStepStatus"""


class TurnPlanStep(Wire):
    """TODO TurnPlanStep"""

    step: str
    status: TurnPlanStepStatus


class TurnPlanUpdatedNotification(Wire):
    """TODO TurnPlanUpdatedNotification"""

    thread_id: str
    turn_id: str
    explanation: str | None = None
    plan: list[TurnPlanStep]


class TurnStartedNotification(Wire):
    """TODO TurnStartedNotification"""

    thread_id: str
    turn: Turn


class ResponseUsageMetadata(Wire):
    """TODO ResponseUsageMetadata"""

    amount: str | None = None
    metadata: JsonValue = None


class RawResponseCompletedNotification(Wire):
    """TODO RawResponseCompletedNotification"""

    thread_id: str
    turn_id: str
    response_id: str
    usage: TokenUsageBreakdown | None = None
    usage_metadata: ResponseUsageMetadata | None = None


class RawResponseItemCompletedNotification(Wire):
    """TODO RawResponseItemCompletedNotification"""

    thread_id: str
    turn_id: str
    item: ResponseItem

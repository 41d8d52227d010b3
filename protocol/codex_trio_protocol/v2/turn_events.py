"""Notifications about a running turn as a whole: progress, usage, errors, plan, diff."""

from typing import Annotated, TypeAlias

from codex_trio_protocol.base import Int64, JsonValue, Known, Wire
from codex_trio_protocol.v2.common import ResponseItem
from codex_trio_protocol.v2.turn import TokenUsageBreakdown, Turn, TurnError


class AuthRecoveryNotification(Wire):
    """Credentials of a model provider are being renewed, or have been."""

    thread_id: str
    turn_id: str
    provider: str
    message: str


class ErrorNotification(Wire):
    """A model request failed. `will_retry` says that the turn goes on trying."""

    error: TurnError
    will_retry: bool
    thread_id: str
    turn_id: str


ModelRerouteReason: TypeAlias = Annotated[str, Known("highRiskCyberActivity")]
"""Why another model answers."""


class ModelReroutedNotification(Wire):
    """The provider lets another model answer than was asked."""

    thread_id: str
    turn_id: str
    from_model: str
    to_model: str
    reason: ModelRerouteReason


class ModelSafetyBufferingUpdatedNotification(Wire):
    """The provider holds back output while it is being checked."""

    thread_id: str
    turn_id: str
    model: str
    use_cases: list[str]
    reasons: list[str]
    show_buffering_ui: bool
    faster_model: str | None = None
    """A model that would answer without the wait; null for none."""


ModelVerification: TypeAlias = Annotated[str, Known("trustedAccessForCyber")]
"""A check that the provider asks the user to pass."""


class ModelVerificationNotification(Wire):
    """The provider asks for further checks of the user."""

    thread_id: str
    turn_id: str
    verifications: list[ModelVerification]


class ThreadTokenUsage(Wire):
    """Tokens of the whole thread and of the last model response.

    The window is null when the model's size is unknown.
    """

    total: TokenUsageBreakdown
    last: TokenUsageBreakdown
    model_context_window: Int64 | None = None


class ThreadTokenUsageUpdatedNotification(Wire):
    """Token counts after a model response."""

    thread_id: str
    turn_id: str
    token_usage: ThreadTokenUsage


class TurnCompletedNotification(Wire):
    """A turn is over: completed, interrupted or failed."""

    thread_id: str
    turn: Turn


class TurnDiffUpdatedNotification(Wire):
    """All file changes of the turn so far, as one Git-style diff."""

    thread_id: str
    turn_id: str
    diff: str


class TurnModerationMetadataNotification(Wire):
    """What the provider's moderation said about the turn."""

    thread_id: str
    turn_id: str
    metadata: JsonValue


TurnPlanStepStatus: TypeAlias = Annotated[str, Known("pending", "inProgress", "completed")]
"""Where a step stands."""


class TurnPlanStep(Wire):
    """One step of the model's plan."""

    step: str
    status: TurnPlanStepStatus


class TurnPlanUpdatedNotification(Wire):
    """The model's plan, complete each time."""

    thread_id: str
    turn_id: str
    explanation: str | None = None
    plan: list[TurnPlanStep]


class TurnStartedNotification(Wire):
    """A turn has begun."""

    thread_id: str
    turn: Turn


class ResponseUsageMetadata(Wire):
    """The provider's own account of what a response cost."""

    amount: str | None = None
    metadata: JsonValue = None


class RawResponseCompletedNotification(Wire):
    """Usage of one model response, for hosts that asked for raw events."""

    thread_id: str
    turn_id: str
    response_id: str
    usage: TokenUsageBreakdown | None = None
    usage_metadata: ResponseUsageMetadata | None = None


class RawResponseItemCompletedNotification(Wire):
    """An item of the model's history, for hosts that asked for raw events."""

    thread_id: str
    turn_id: str
    item: ResponseItem

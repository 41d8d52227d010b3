"""What an account may still use, and what it has used."""

from typing import Annotated, Literal, TypeAlias

from codex_trio_protocol.base import Int32, Int64, JsonValue, Known, Params, Wire
from codex_trio_protocol.v2.common import PlanType

AddCreditsNudgeCreditType: TypeAlias = Literal["credits", "usage_limit"]
"""What the workspace's owner is asked to add."""


class ConsumeAccountRateLimitResetCreditParams(Params):
    """Spend a credit to start limits afresh; the same key is one attempt. Null takes the next credit.

    Errors: -32600 without a ChatGPT login.
    """

    idempotency_key: str
    credit_id: str | None = None


class GetAccountRateLimitsParams(Params):
    """Ask what may still be used.

    Errors: -32600 without a ChatGPT login.
    """

    supports_luna_reserve: bool = False
    """The client can go on with a reserve model."""
    exclude_reset_credit_details: bool = False
    """Count reset credits only."""


class GetAccountTokenUsageParams(Params):
    """Ask what was used by the account, or by one thread.

    Errors: -32600 without a ChatGPT login.
    """

    thread_id: str | None = None


class SendAddCreditsNudgeEmailParams(Params):
    """Ask the workspace's owner for more.

    Errors: -32600 without a ChatGPT login.
    """

    credit_type: AddCreditsNudgeCreditType


class CreditsSnapshot(Wire):
    """Credits of an account; the balance is a decimal number, null when not told."""

    has_credits: bool
    unlimited: bool
    balance: str | None = None


RateLimitReachedType: TypeAlias = Annotated[
    str,
    Known(
        "rate_limit_reached",
        "workspace_owner_credits_depleted",
        "workspace_member_credits_depleted",
        "workspace_owner_usage_limit_reached",
        "workspace_member_usage_limit_reached",
    ),
]
"""Which limit stops the user."""


class RateLimitWindow(Wire):
    """Use within a stretch of time. Minutes; the reset is in Unix seconds; null when not told."""

    used_percent: Int32
    window_duration_mins: Int64 | None = None
    resets_at: Int64 | None = None


class SpendControlLimitSnapshot(Wire):
    """A limit on spending, in decimal numbers. The reset is in Unix seconds."""

    limit: str
    used: str
    remaining_percent: Int32
    resets_at: Int64


class RateLimitSnapshot(Wire):
    """One limit and where it stands. Null where not told; an update leaves what is null as it was."""

    limit_id: str | None = None
    limit_name: str | None = None
    normal_model_slug: str | None = None
    primary: RateLimitWindow | None = None
    secondary: RateLimitWindow | None = None
    credits: CreditsSnapshot | None = None
    individual_limit: SpendControlLimitSnapshot | None = None
    spend_control_reached: bool | None = None
    plan_type: PlanType | None = None
    rate_limit_reached_type: RateLimitReachedType | None = None


class AccountRateLimitsUpdatedNotification(Wire):
    """Limits as the last model response told them; not all of them."""

    rate_limits: RateLimitSnapshot


ConsumeAccountRateLimitResetCreditOutcome: TypeAlias = Annotated[
    str, Known("reset", "nothingToReset", "noCredit", "alreadyRedeemed")
]
"""What came of the attempt."""


class ConsumeAccountRateLimitResetCreditResponse(Wire):
    """What came of the attempt."""

    outcome: ConsumeAccountRateLimitResetCreditOutcome


RateLimitResetCreditStatus: TypeAlias = Annotated[str, Known("available", "redeeming", "redeemed", "unknown")]
"""Whether a credit can be spent."""


RateLimitResetType: TypeAlias = Annotated[str, Known("codexRateLimits", "unknown")]
"""What a credit resets."""


class RateLimitResetCredit(Wire):
    """A credit. Times are Unix seconds; one without expiry lasts."""

    id: str
    reset_type: RateLimitResetType
    status: RateLimitResetCreditStatus
    granted_at: Int64
    expires_at: Int64 | None = None
    title: str | None = None
    description: str | None = None


class RateLimitResetCreditsSummary(Wire):
    """Credits that could be spent; null details were not asked for or not told."""

    available_count: Int64
    credits: list[RateLimitResetCredit] | None = None


class GetAccountRateLimitsResponse(Wire):
    """All limits: the main one, and each by its id. Null where not told."""

    ordinary_usage_allowed: bool | None = None
    rate_limits: RateLimitSnapshot
    rate_limits_by_limit_id: dict[str, RateLimitSnapshot] | None = None
    rate_limit_reset_credits: RateLimitResetCreditsSummary | None = None
    account_id: str | None = None
    rate_limit_upsell: JsonValue = None


class AccountTokenUsageDailyBucket(Wire):
    """Tokens of a day, written YYYY-MM-DD."""

    start_date: str
    tokens: Int64


class AccountTokenUsageSummary(Wire):
    """Figures over the account's life; null when not told."""

    lifetime_tokens: Int64 | None = None
    peak_daily_tokens: Int64 | None = None
    longest_running_turn_sec: Int64 | None = None
    """In seconds."""
    current_streak_days: Int64 | None = None
    longest_streak_days: Int64 | None = None


class ThreadUsageBreakdownGroup(Wire):
    """Use by model, effort and speed. Millionths of a credit."""

    model: str | None = None
    reasoning_effort: str | None = None
    speed: str | None = None
    estimated_usage_credits_micros: Int64
    net_new_input_tokens: Int64 | None = None
    cached_input_tokens: Int64 | None = None
    input_tokens: Int64 | None = None
    output_tokens: Int64 | None = None
    total_tokens: Int64 | None = None


class ThreadUsage(Wire):
    """Use of a thread in millionths of a credit and of a dollar; null when unknown."""

    thread_id: str
    estimated_usage_credits_micros: Int64
    estimated_usage_usd_micros: Int64 | None = None
    native_usage_usd_micros: Int64 | None = None
    groups: list[ThreadUsageBreakdownGroup]


class GetAccountTokenUsageResponse(Wire):
    """What was used. Null where not told or not asked."""

    summary: AccountTokenUsageSummary
    daily_usage_buckets: list[AccountTokenUsageDailyBucket] | None = None
    thread_usage: ThreadUsage | None = None


WorkspaceMessageType: TypeAlias = Annotated[str, Known("headline", "announcement", "unknown")]
"""How prominent a message is."""


class WorkspaceMessage(Wire):
    """A message from the workspace. Times are Unix seconds."""

    message_id: str
    message_type: WorkspaceMessageType
    message_body: str
    created_at: Int64 | None = None
    archived_at: Int64 | None = None


class GetWorkspaceMessagesResponse(Wire):
    """Messages to show, if the account has any such thing.

    Errors: -32600 without a login.
    """

    feature_enabled: bool
    messages: list[WorkspaceMessage]


AddCreditsNudgeEmailStatus: TypeAlias = Annotated[str, Known("sent", "cooldown_active")]
"""Whether a mail went out."""


class SendAddCreditsNudgeEmailResponse(Wire):
    """Whether a mail went out."""

    status: AddCreditsNudgeEmailStatus

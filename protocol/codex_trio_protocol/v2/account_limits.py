"""TODO module account_limits"""

from typing import Annotated, Literal, TypeAlias

from codex_trio_protocol.base import Int32, Int64, JsonValue, Known, Params, Wire
from codex_trio_protocol.v2.common import PlanType

AddCreditsNudgeCreditType: TypeAlias = Literal["credits", "usage_limit"]
"""TODO AddCreditsNudgeCreditType"""


class ConsumeAccountRateLimitResetCreditParams(Params):
    """TODO ConsumeAccountRateLimitResetCreditParams"""

    idempotency_key: str
    credit_id: str | None = None


class GetAccountRateLimitsParams(Params):
    """TODO GetAccountRateLimitsParams"""

    supports_luna_reserve: bool = False
    exclude_reset_credit_details: bool = False


class GetAccountTokenUsageParams(Params):
    """TODO GetAccountTokenUsageParams"""

    thread_id: str | None = None


class SendAddCreditsNudgeEmailParams(Params):
    """TODO SendAddCreditsNudgeEmailParams"""

    credit_type: AddCreditsNudgeCreditType


class CreditsSnapshot(Wire):
    """TODO CreditsSnapshot"""

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
"""TODO RateLimitReachedType"""


class RateLimitWindow(Wire):
    """TODO RateLimitWindow"""

    used_percent: Int32
    window_duration_mins: Int64 | None = None
    resets_at: Int64 | None = None


class SpendControlLimitSnapshot(Wire):
    """TODO SpendControlLimitSnapshot"""

    limit: str
    used: str
    remaining_percent: Int32
    resets_at: Int64


class RateLimitSnapshot(Wire):
    """TODO RateLimitSnapshot"""

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
    """TODO AccountRateLimitsUpdatedNotification"""

    rate_limits: RateLimitSnapshot


ConsumeAccountRateLimitResetCreditOutcome: TypeAlias = Annotated[
    str, Known("reset", "nothingToReset", "noCredit", "alreadyRedeemed")
]
"""TODO ConsumeAccountRateLimitResetCreditOutcome"""


class ConsumeAccountRateLimitResetCreditResponse(Wire):
    """TODO ConsumeAccountRateLimitResetCreditResponse"""

    outcome: ConsumeAccountRateLimitResetCreditOutcome


RateLimitResetCreditStatus: TypeAlias = Annotated[str, Known("available", "redeeming", "redeemed", "unknown")]
"""TODO RateLimitResetCreditStatus"""


RateLimitResetType: TypeAlias = Annotated[str, Known("codexRateLimits", "unknown")]
"""TODO RateLimitResetType"""


class RateLimitResetCredit(Wire):
    """TODO RateLimitResetCredit"""

    id: str
    reset_type: RateLimitResetType
    status: RateLimitResetCreditStatus
    granted_at: Int64
    expires_at: Int64 | None = None
    title: str | None = None
    description: str | None = None


class RateLimitResetCreditsSummary(Wire):
    """TODO RateLimitResetCreditsSummary"""

    available_count: Int64
    credits: list[RateLimitResetCredit] | None = None


class GetAccountRateLimitsResponse(Wire):
    """TODO GetAccountRateLimitsResponse"""

    ordinary_usage_allowed: bool | None = None
    rate_limits: RateLimitSnapshot
    rate_limits_by_limit_id: dict[str, RateLimitSnapshot] | None = None
    rate_limit_reset_credits: RateLimitResetCreditsSummary | None = None
    account_id: str | None = None
    rate_limit_upsell: JsonValue = None


class AccountTokenUsageDailyBucket(Wire):
    """TODO AccountTokenUsageDailyBucket"""

    start_date: str
    tokens: Int64


class AccountTokenUsageSummary(Wire):
    """TODO AccountTokenUsageSummary"""

    lifetime_tokens: Int64 | None = None
    peak_daily_tokens: Int64 | None = None
    longest_running_turn_sec: Int64 | None = None
    current_streak_days: Int64 | None = None
    longest_streak_days: Int64 | None = None


class ThreadUsageBreakdownGroup(Wire):
    """TODO ThreadUsageBreakdownGroup"""

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
    """TODO ThreadUsage"""

    thread_id: str
    estimated_usage_credits_micros: Int64
    estimated_usage_usd_micros: Int64 | None = None
    native_usage_usd_micros: Int64 | None = None
    groups: list[ThreadUsageBreakdownGroup]


class GetAccountTokenUsageResponse(Wire):
    """TODO GetAccountTokenUsageResponse"""

    summary: AccountTokenUsageSummary
    daily_usage_buckets: list[AccountTokenUsageDailyBucket] | None = None
    thread_usage: ThreadUsage | None = None


WorkspaceMessageType: TypeAlias = Annotated[str, Known("headline", "announcement", "unknown")]
"""TODO WorkspaceMessageType"""


class WorkspaceMessage(Wire):
    """TODO WorkspaceMessage"""

    message_id: str
    message_type: WorkspaceMessageType
    message_body: str
    created_at: Int64 | None = None
    archived_at: Int64 | None = None


class GetWorkspaceMessagesResponse(Wire):
    """TODO GetWorkspaceMessagesResponse"""

    feature_enabled: bool
    messages: list[WorkspaceMessage]


NullableGetAccountRateLimitsParams: TypeAlias = GetAccountRateLimitsParams | None
"""TODO NullableGetAccountRateLimitsParams"""


NullableGetAccountTokenUsageParams: TypeAlias = GetAccountTokenUsageParams | None
"""TODO NullableGetAccountTokenUsageParams"""


AddCreditsNudgeEmailStatus: TypeAlias = Annotated[str, Known("sent", "cooldown_active")]
"""TODO AddCreditsNudgeEmailStatus"""


class SendAddCreditsNudgeEmailResponse(Wire):
    """TODO SendAddCreditsNudgeEmailResponse"""

    status: AddCreditsNudgeEmailStatus

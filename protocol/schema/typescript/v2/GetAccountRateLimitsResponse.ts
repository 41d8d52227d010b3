// Generated from the message types of codex-trio. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";
import type { RateLimitResetCreditsSummary } from "./RateLimitResetCreditsSummary";
import type { RateLimitSnapshot } from "./RateLimitSnapshot";

/** All limits: the main one, and each by its id. Null where not told. */
export type GetAccountRateLimitsResponse = {
  ordinaryUsageAllowed: boolean | null,
  rateLimits: RateLimitSnapshot,
  rateLimitsByLimitId: { [key in string]?: RateLimitSnapshot } | null,
  rateLimitResetCredits: RateLimitResetCreditsSummary | null,
  accountId: string | null,
  rateLimitUpsell: JsonValue,
};

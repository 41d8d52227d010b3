// Generated from the message types of codex-trio. Do not edit.
import type { AccountTokenUsageDailyBucket } from "./AccountTokenUsageDailyBucket";
import type { AccountTokenUsageSummary } from "./AccountTokenUsageSummary";
import type { ThreadUsage } from "./ThreadUsage";

/** What was used. Null where not told or not asked. */
export type GetAccountTokenUsageResponse = {
  summary: AccountTokenUsageSummary,
  dailyUsageBuckets: Array<AccountTokenUsageDailyBucket> | null,
  threadUsage: ThreadUsage | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { RateLimitResetCreditStatus } from "./RateLimitResetCreditStatus";
import type { RateLimitResetType } from "./RateLimitResetType";

/** A credit. Times are Unix seconds; one without expiry lasts. */
export type RateLimitResetCredit = {
  id: string,
  resetType: RateLimitResetType,
  status: RateLimitResetCreditStatus,
  grantedAt: number,
  expiresAt: number | null,
  title: string | null,
  description: string | null,
};

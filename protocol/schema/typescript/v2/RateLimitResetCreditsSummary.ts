// Generated from the message types of codex-trio. Do not edit.
import type { RateLimitResetCredit } from "./RateLimitResetCredit";

/** Credits that could be spent; null details were not asked for or not told. */
export type RateLimitResetCreditsSummary = {
  availableCount: number,
  credits: Array<RateLimitResetCredit> | null,
};

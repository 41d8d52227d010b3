// Generated from the message types of codex-trio. Do not edit.

/** What came of the attempt. */
export type ConsumeAccountRateLimitResetCreditOutcome = "reset" | "nothingToReset" | "noCredit" | "alreadyRedeemed";

// Generated from the message types of codex-trio. Do not edit.

/** Whether a credit can be spent. */
export type RateLimitResetCreditStatus = "available" | "redeeming" | "redeemed" | "unknown";

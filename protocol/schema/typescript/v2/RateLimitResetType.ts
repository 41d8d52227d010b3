// Generated from the message types of codex-trio. Do not edit.

/** What a credit resets. */
export type RateLimitResetType = "codexRateLimits" | "unknown";

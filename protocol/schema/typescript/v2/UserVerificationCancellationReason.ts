// Generated from the message types of codex-trio. Do not edit.

/** Who stopped it. */
export type UserVerificationCancellationReason = "userCancelled" | "interrupted";

// Generated from the message types of codex-trio. Do not edit.

/** What was wrong with the request. */
export type UserVerificationInvalidRequestReason = "invalidParams";

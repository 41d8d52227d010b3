// Generated from the message types of codex-trio. Do not edit.

/** What went wrong. */
export type UserVerificationFailureReason = "authenticationFailed" | "timeout" | "providerError" | "serviceError";

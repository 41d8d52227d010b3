// Generated from the message types of codex-trio. Do not edit.

/** What is missing. */
export type UserVerificationUnavailableReason = "credentialMissing" | "biometricsUnavailable" | "providerUnavailable";

// Generated from the message types of codex-trio. Do not edit.

/** The request was told to stop; it may still end by itself. */
export type UserVerificationCancelResponse = Record<string, never>;

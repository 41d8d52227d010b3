// Generated from the message types of codex-trio. Do not edit.

/** Forget the local key. */
export type UserVerificationDeleteParams = Record<string, never>;

// Generated from the message types of codex-trio. Do not edit.

/** Make a local key, or tell the one that exists. */
export type UserVerificationEnrollParams = Record<string, never>;

// Generated from the message types of codex-trio. Do not edit.

/** Ask whether there is a local key. The user sees nothing. */
export type UserVerificationStatusParams = Record<string, never>;

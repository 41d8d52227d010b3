// Generated from the message types of codex-trio. Do not edit.

/** Answer to `userVerification/delete`: it is done. */
export type UserVerificationDeleteResponse = Record<string, never>;

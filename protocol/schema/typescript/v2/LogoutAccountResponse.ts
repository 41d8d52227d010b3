// Generated from the message types of codex-trio. Do not edit.

/** Answer to `account/logout`: it is done. */
export type LogoutAccountResponse = Record<string, never>;

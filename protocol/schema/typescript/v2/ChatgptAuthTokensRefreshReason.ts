// Generated from the message types of codex-trio. Do not edit.

/** Why new tokens are needed. */
export type ChatgptAuthTokensRefreshReason = "unauthorized";

// Generated from the message types of codex-trio. Do not edit.

/** Why an account is told anew. */
export type AccountUpdateReason = "workspaceRoutingReady" | "unknown";

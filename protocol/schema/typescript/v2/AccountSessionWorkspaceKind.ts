// Generated from the message types of codex-trio. Do not edit.

/** Whether a workspace is the user's own. */
export type AccountSessionWorkspaceKind = "personal" | "workspace";

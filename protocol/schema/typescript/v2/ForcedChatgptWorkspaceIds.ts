// Generated from the message types of codex-trio. Do not edit.

/** Workspaces that must be used. */
export type ForcedChatgptWorkspaceIds = string | Array<string>;

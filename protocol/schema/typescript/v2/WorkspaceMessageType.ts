// Generated from the message types of codex-trio. Do not edit.

/** How prominent a message is. */
export type WorkspaceMessageType = "headline" | "announcement" | "unknown";

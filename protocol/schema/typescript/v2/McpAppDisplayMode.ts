// Generated from the message types of codex-trio. Do not edit.

/** Where an app likes to be shown. */
export type McpAppDisplayMode = "inline" | "fullscreen";

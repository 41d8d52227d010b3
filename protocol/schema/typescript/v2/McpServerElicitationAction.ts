// Generated from the message types of codex-trio. Do not edit.

/** Whether the user answered, refused, or went away. */
export type McpServerElicitationAction = "accept" | "decline" | "cancel";

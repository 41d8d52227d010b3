// Generated from the message types of codex-trio. Do not edit.

/** What kind of text. */
export type McpElicitationStringFormat = "email" | "uri" | "date" | "date-time";

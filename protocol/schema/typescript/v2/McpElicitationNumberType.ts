// Generated from the message types of codex-trio. Do not edit.

/** Any number, or whole ones. */
export type McpElicitationNumberType = "number" | "integer";

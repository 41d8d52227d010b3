// Generated from the message types of codex-trio. Do not edit.

/** Always `boolean`. */
export type McpElicitationBooleanType = "boolean";

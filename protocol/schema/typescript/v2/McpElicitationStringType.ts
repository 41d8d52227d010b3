// Generated from the message types of codex-trio. Do not edit.

/** Always `string`. */
export type McpElicitationStringType = "string";

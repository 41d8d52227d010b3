// Generated from the message types of codex-trio. Do not edit.

/** Always `object`. */
export type McpElicitationObjectType = "object";

// Generated from the message types of codex-trio. Do not edit.

/** Always `array`. */
export type McpElicitationArrayType = "array";

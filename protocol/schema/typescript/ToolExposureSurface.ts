// Generated from the message types of codex-trio. Do not edit.

/** Where a tool shows to the model. */
export type ToolExposureSurface = "code_mode" | "deferred" | "direct";

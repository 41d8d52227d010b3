// Generated from the message types of codex-trio. Do not edit.

/** How much of a tool's result is logged, in bytes. */
export type OtelToolResultLogConfig = {
  max_bytes: number,
};

// Generated from the message types of codex-trio. Do not edit.

/** Why the call failed. */
export type McpToolCallError = {
  message: string,
};

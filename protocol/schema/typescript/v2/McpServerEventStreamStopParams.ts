// Generated from the message types of codex-trio. Do not edit.

/** Have them passed on no longer. */
export type McpServerEventStreamStopParams = {
  subscriptionId: string,
};

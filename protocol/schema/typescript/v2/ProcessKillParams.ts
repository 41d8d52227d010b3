// Generated from the message types of codex-trio. Do not edit.

/**
 * End a process with its descendants.
 *
 * Errors: -32600 for an unknown handle.
 */
export type ProcessKillParams = {
  processHandle: string,
};

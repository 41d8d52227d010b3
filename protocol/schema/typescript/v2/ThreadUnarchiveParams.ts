// Generated from the message types of codex-trio. Do not edit.

/**
 * Take a thread back from the archive.
 *
 * Errors: -32600 when no archived rollout exists.
 */
export type ThreadUnarchiveParams = {
  threadId: string,
};

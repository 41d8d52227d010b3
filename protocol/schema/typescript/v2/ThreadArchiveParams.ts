// Generated from the message types of codex-trio. Do not edit.

/**
 * Put a thread and the threads that it spawned aside; a running turn is interrupted.
 *
 * Errors: -32600 for a malformed id and when no rollout exists.
 */
export type ThreadArchiveParams = {
  threadId: string,
};

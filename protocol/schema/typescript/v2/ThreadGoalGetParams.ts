// Generated from the message types of codex-trio. Do not edit.

/**
 * Read a thread's goal.
 *
 * Errors: -32600 for an unknown or ephemeral thread.
 */
export type ThreadGoalGetParams = {
  threadId: string,
};

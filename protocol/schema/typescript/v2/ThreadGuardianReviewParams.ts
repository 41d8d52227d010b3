// Generated from the message types of codex-trio. Do not edit.

/**
 * Have a thread's pending action reviewed; also subscribes to the thread.
 *
 * Errors: -32600 when the thread is not loaded or nothing is pending.
 */
export type ThreadGuardianReviewParams = {
  threadId: string,
};

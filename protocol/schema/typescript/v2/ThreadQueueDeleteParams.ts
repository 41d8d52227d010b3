// Generated from the message types of codex-trio. Do not edit.

/**
 * Take input out of the queue.
 *
 * Errors: -32600 for an unknown thread.
 */
export type ThreadQueueDeleteParams = {
  threadId: string,
  queuedSubmissionId: string,
};

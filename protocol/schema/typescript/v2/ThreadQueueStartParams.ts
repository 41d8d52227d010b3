// Generated from the message types of codex-trio. Do not edit.

/**
 * Start a turn with waiting input; null takes the first.
 *
 * Errors: -32600 when nothing waits or a turn runs.
 */
export type ThreadQueueStartParams = {
  threadId: string,
  queuedSubmissionId?: string | null,
};

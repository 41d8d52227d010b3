// Generated from the message types of codex-trio. Do not edit.

/**
 * Put the queue into this order; all waiting ids are named once.
 *
 * Errors: -32600 when the ids are not those that wait.
 */
export type ThreadQueueReorderParams = {
  threadId: string,
  queuedSubmissionIds: Array<string>,
};

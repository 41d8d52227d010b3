// Generated from the message types of codex-trio. Do not edit.

/**
 * Sum up a thread's history to make room; runs as a turn of its own.
 *
 * Errors: -32600 when the thread is not loaded.
 */
export type ThreadCompactStartParams = {
  threadId: string,
};

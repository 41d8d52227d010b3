// Generated from the message types of codex-trio. Do not edit.

/**
 * List commands that a thread left running.
 *
 * Errors: -32600 when the thread is not loaded, and for an unreadable cursor.
 */
export type ThreadBackgroundTerminalsListParams = {
  threadId: string,
  cursor?: string | null,
  limit?: number | null,
};

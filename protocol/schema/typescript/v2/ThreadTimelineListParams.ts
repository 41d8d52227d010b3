// Generated from the message types of codex-trio. Do not edit.

/**
 * Read a thread's timeline by pages.
 *
 * Errors: -32600 for an unknown thread or an unreadable cursor.
 */
export type ThreadTimelineListParams = {
  threadId: string,
  cursor?: string | null,
  limit?: number | null,
};

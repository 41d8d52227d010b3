// Generated from the message types of codex-trio. Do not edit.

/**
 * Read the queue by pages.
 *
 * Errors: -32600 for an unknown thread or an unreadable cursor.
 */
export type ThreadQueueListParams = {
  threadId: string,
  cursor?: string | null,
  limit?: number | null,
};

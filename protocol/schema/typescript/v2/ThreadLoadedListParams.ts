// Generated from the message types of codex-trio. Do not edit.

/**
 * List the ids of loaded threads in ascending order. Without a limit all come at once.
 *
 * Errors: -32600 for an unreadable cursor.
 */
export type ThreadLoadedListParams = {
  cursor?: string | null,
  limit?: number | null,
};

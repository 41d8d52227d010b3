// Generated from the message types of codex-trio. Do not edit.

/**
 * List sections.
 *
 * Errors: -32600 for an unreadable cursor.
 */
export type ThreadSectionListParams = {
  cursor?: string | null,
  limit?: number | null,
};

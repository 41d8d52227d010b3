// Generated from the message types of codex-trio. Do not edit.

/**
 * List apps.
 *
 * Errors: -32600 for an unreadable cursor.
 */
export type AppsListParams = {
  cursor?: string | null,
  limit?: number | null,
  threadId?: string | null,
  forceRefetch?: boolean,
};

// Generated from the message types of codex-trio. Do not edit.

/**
 * List features. A thread's own configuration counts when one is named.
 *
 * Errors: -32600 for an unreadable cursor.
 */
export type ExperimentalFeatureListParams = {
  cursor?: string | null,
  limit?: number | null,
  threadId?: string | null,
};

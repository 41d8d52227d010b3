// Generated from the message types of codex-trio. Do not edit.

/**
 * Find words in the messages of one thread, in their order; letter case does not count.
 *
 * Errors: -32600 for an unknown thread, an empty term or an unreadable cursor.
 */
export type ThreadSearchOccurrencesParams = {
  threadId: string,
  searchTerm: string,
  cursor?: string | null,
  limit?: number | null,
};

// Generated from the message types of codex-trio. Do not edit.

/**
 * List what is attached to a thread.
 *
 * Errors: -32600 for an unknown thread or an unreadable cursor.
 */
export type ThreadAttachmentListParams = {
  threadId: string,
  cursor?: string | null,
  limit?: number | null,
};

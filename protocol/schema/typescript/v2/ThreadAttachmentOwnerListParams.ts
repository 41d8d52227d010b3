// Generated from the message types of codex-trio. Do not edit.

/**
 * List the threads to which something is attached. Null lists archived ones too.
 *
 * Errors: -32600 for an unreadable cursor.
 */
export type ThreadAttachmentOwnerListParams = {
  attachmentType: string,
  identityKey: string,
  archived?: boolean | null,
  cursor?: string | null,
  limit?: number | null,
};

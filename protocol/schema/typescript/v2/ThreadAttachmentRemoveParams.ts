// Generated from the message types of codex-trio. Do not edit.

/**
 * Detach something from a thread.
 *
 * Errors: -32600 for an unknown thread or attachment.
 */
export type ThreadAttachmentRemoveParams = {
  threadId: string,
  attachmentType: string,
  identityKey: string,
};

// Generated from the message types of codex-trio. Do not edit.

/** A thread, and whether it is archived. */
export type ThreadAttachmentOwner = {
  threadId: string,
  archived: boolean,
};

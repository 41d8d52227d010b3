// Generated from the message types of codex-trio. Do not edit.
import type { ThreadAttachmentOperation } from "./ThreadAttachmentOperation";

/** Something was attached or detached. */
export type ThreadAttachmentUpdatedNotification = {
  threadId: string,
  attachmentType: string,
  identityKey: string,
  attachmentId: string,
  operation: ThreadAttachmentOperation,
};

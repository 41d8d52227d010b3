// Generated from the message types of codex-trio. Do not edit.
import type { ThreadAttachment } from "./ThreadAttachment";

/** A page of attachments; a null cursor marks the last one. */
export type ThreadAttachmentListResponse = {
  data: Array<ThreadAttachment>,
  nextCursor: string | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ThreadAttachmentOwner } from "./ThreadAttachmentOwner";

/** A page of threads; a null cursor marks the last one. */
export type ThreadAttachmentOwnerListResponse = {
  data: Array<ThreadAttachmentOwner>,
  nextCursor: string | null,
};

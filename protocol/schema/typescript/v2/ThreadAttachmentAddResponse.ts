// Generated from the message types of codex-trio. Do not edit.
import type { ThreadAttachment } from "./ThreadAttachment";
import type { ThreadAttachmentAddOutcome } from "./ThreadAttachmentAddOutcome";

/** The attachment. */
export type ThreadAttachmentAddResponse = {
  outcome: ThreadAttachmentAddOutcome,
  attachment: ThreadAttachment,
};

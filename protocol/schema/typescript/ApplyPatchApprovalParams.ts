// Generated from the message types of codex-trio. Do not edit.
import type { FileChange } from "./FileChange";
import type { ThreadId } from "./ThreadId";

/** Ask whether a patch may be applied. Older form; threads of today send `item/fileChange/requestApproval`. */
export type ApplyPatchApprovalParams = {
  conversationId: ThreadId,
  callId: string,
  /** What would happen, by absolute path. */
  fileChanges: { [key in string]?: FileChange },
  reason: string | null,
  /** When not null, approving also permits writes below this folder for the session. */
  grantRoot: string | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { QueuedSubmission } from "./QueuedSubmission";

/** The input as it waits now. */
export type ThreadQueueUpdateResponse = {
  queuedSubmission: QueuedSubmission,
};

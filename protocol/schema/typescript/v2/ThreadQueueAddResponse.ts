// Generated from the message types of codex-trio. Do not edit.
import type { QueuedSubmission } from "./QueuedSubmission";

/** The input as it waits. */
export type ThreadQueueAddResponse = {
  queuedSubmission: QueuedSubmission,
};

// Generated from the message types of codex-trio. Do not edit.
import type { QueuedSubmission } from "./QueuedSubmission";

/** A page of the queue; a null cursor marks the last one. */
export type ThreadQueueListResponse = {
  data: Array<QueuedSubmission>,
  nextCursor: string | null,
};

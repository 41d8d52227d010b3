// Generated from the message types of codex-trio. Do not edit.
import type { ThreadStatus } from "./ThreadStatus";

/** A thread does something else now. Sent to every connection. */
export type ThreadStatusChangedNotification = {
  threadId: string,
  status: ThreadStatus,
};

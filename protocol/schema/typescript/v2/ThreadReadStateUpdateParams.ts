// Generated from the message types of codex-trio. Do not edit.
import type { ThreadReadStateOperation } from "./ThreadReadStateOperation";

/**
 * Mark a thread as read or unread.
 *
 * Errors: -32600 for an unknown thread and when the state has changed since.
 */
export type ThreadReadStateUpdateParams = {
  threadId: string,
  operation: ThreadReadStateOperation,
  expectedRevision: string,
};

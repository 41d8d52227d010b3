// Generated from the message types of codex-trio. Do not edit.
import type { ThreadRealtimeOrder } from "./ThreadRealtimeOrder";

/**
 * Read what happened in a thread's voice sessions by pages, by time unless asked otherwise. Null does not filter.
 *
 * Errors: -32600 for a limit beyond 1 to 500 and an unreadable cursor. An unknown thread has no entries.
 */
export type ThreadRealtimeListParams = {
  threadId: string,
  cursor?: string | null,
  limit?: number | null,
  sessionId?: string | null,
  /** An entry that must have been stored by now, else nothing is told yet. */
  eventId?: string | null,
  order?: ThreadRealtimeOrder | null,
  afterPosition?: number | null,
  fromObservedAtMs?: number | null,
  /** Exclusive. */
  toObservedAtMs?: number | null,
  /** Up to where things must have been stored, else nothing is told yet. */
  requiredThroughPosition?: number | null,
  /** Exclusive end of what is read, to see the same on all pages. */
  snapshotEnd?: number | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ThreadRealtimeItem } from "./ThreadRealtimeItem";

/** An item is complete and stored. */
export type ThreadRealtimeItemCompletedNotification = {
  threadId: string,
  item: ThreadRealtimeItem,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ThreadRealtimeItem } from "./ThreadRealtimeItem";

/** An item begins. */
export type ThreadRealtimeItemStartedNotification = {
  threadId: string,
  item: ThreadRealtimeItem,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ThreadRealtimeItem } from "./ThreadRealtimeItem";

/** One thing that happened, and where it is stored. */
export type ThreadRealtimeEntry = {
  position: number,
  item: ThreadRealtimeItem,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItem } from "./ThreadItem";
import type { ThreadRealtimeItem } from "./ThreadRealtimeItem";
import type { TurnError } from "./TurnError";
import type { TurnStatus } from "./TurnStatus";

/** One place of the timeline; positions grow with time. */
export type ThreadTimelineEntry = {
  "type": "item",
  position: number,
  turnId: string,
  item: ThreadItem,
} | {
  "type": "realtime",
  position: number,
  item: ThreadRealtimeItem,
} | {
  "type": "turnStarted",
  position: number,
  started_at: number | null,
  turn_id: string,
} | {
  "type": "turnCompleted",
  position: number,
  status: TurnStatus,
  error: TurnError | null,
  completed_at: number | null,
  duration_ms: number | null,
  started_at: number | null,
  turn_id: string,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ThreadRealtimeCoverage } from "./ThreadRealtimeCoverage";
import type { ThreadRealtimeEntry } from "./ThreadRealtimeEntry";

/** A page of entries; a null cursor marks the last one. Both ends are exclusive. */
export type ThreadRealtimeListResponse = {
  data: Array<ThreadRealtimeEntry>,
  nextCursor: string | null,
  snapshotEnd: number,
  projectedThroughItemIndex: number,
  coverage: ThreadRealtimeCoverage,
};

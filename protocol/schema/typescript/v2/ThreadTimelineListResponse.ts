// Generated from the message types of codex-trio. Do not edit.
import type { ThreadTimelineEntry } from "./ThreadTimelineEntry";

/**
 * A page of the timeline; a null cursor marks the last one.
 *
 * Names the voice session that was open where it starts, null for none.
 */
export type ThreadTimelineListResponse = {
  data: Array<ThreadTimelineEntry>,
  nextCursor: string | null,
  activeRealtimeSessionAtPageStart: string | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ThreadRealtimeBemItemPresentation } from "./ThreadRealtimeBemItemPresentation";
import type { ThreadRealtimeSessionOutcome } from "./ThreadRealtimeSessionOutcome";
import type { ThreadRealtimeTranscriptRole } from "./ThreadRealtimeTranscriptRole";

/** One thing that happened in a voice session. */
export type ThreadRealtimeItem = {
  "type": "realtimeSessionStarted",
  id: string,
  realtimeSessionId: string,
} | {
  "type": "transcriptSegment",
  id: string,
  realtimeSessionId: string,
  role: ThreadRealtimeTranscriptRole,
  text: string,
} | {
  "type": "bemItemPromoted",
  id: string,
  realtimeSessionId: string,
  presentation: ThreadRealtimeBemItemPresentation,
  item_id: string,
  turn_id: string,
} | {
  "type": "realtimeSessionClosed",
  id: string,
  realtimeSessionId: string,
  outcome: ThreadRealtimeSessionOutcome,
};

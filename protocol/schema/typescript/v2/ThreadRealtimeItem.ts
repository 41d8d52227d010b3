// Generated from the message types of codex-trio. Do not edit.
import type { ThreadRealtimeBemItemPresentation } from "./ThreadRealtimeBemItemPresentation";
import type { ThreadRealtimeFrameChannels } from "./ThreadRealtimeFrameChannels";
import type { ThreadRealtimeHandoffMode } from "./ThreadRealtimeHandoffMode";
import type { ThreadRealtimeSessionOutcome } from "./ThreadRealtimeSessionOutcome";
import type { ThreadRealtimeTranscriptRole } from "./ThreadRealtimeTranscriptRole";

/** One thing that happened in a voice session. */
export type ThreadRealtimeItem = {
  "type": "realtimeSessionStarted",
  id: string,
  realtimeSessionId: string,
  /** When it happened, in Unix milliseconds; null when that was not recorded. */
  observedAtMs: number | null,
} | {
  "type": "transcriptSegment",
  id: string,
  realtimeSessionId: string,
  /** When it happened, in Unix milliseconds; null when that was not recorded. */
  observedAtMs: number | null,
  role: ThreadRealtimeTranscriptRole,
  text: string,
} | {
  "type": "bemItemPromoted",
  id: string,
  realtimeSessionId: string,
  /** When it happened, in Unix milliseconds; null when that was not recorded. */
  observedAtMs: number | null,
  presentation: ThreadRealtimeBemItemPresentation,
  item_id: string,
  turn_id: string,
} | {
  "type": "realtimeSessionClosed",
  id: string,
  realtimeSessionId: string,
  /** When it happened, in Unix milliseconds; null when that was not recorded. */
  observedAtMs: number | null,
  outcome: ThreadRealtimeSessionOutcome,
} | {
  "type": "frame",
  id: string,
  realtimeSessionId: string,
  /** When it happened, in Unix milliseconds; null when that was not recorded. */
  observedAtMs: number | null,
  channels: ThreadRealtimeFrameChannels,
} | {
  "type": "turnInputAccepted",
  id: string,
  realtimeSessionId: string,
  /** When it happened, in Unix milliseconds; null when that was not recorded. */
  observedAtMs: number | null,
  turn_id: string,
  input_item_id: string,
  mode: ThreadRealtimeHandoffMode,
  handoff_id: string,
  input: string,
  source_event_ids: Array<string>,
} | {
  "type": "sessionEndInputSaved",
  id: string,
  realtimeSessionId: string,
  /** When it happened, in Unix milliseconds; null when that was not recorded. */
  observedAtMs: number | null,
  input_item_id: string,
  input: string,
  source_event_ids: Array<string>,
};

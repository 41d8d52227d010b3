// Generated from the message types of codex-trio. Do not edit.
import type { RealtimeVoice } from "./RealtimeVoice";

/** Voices by protocol generation. */
export type RealtimeVoicesList = {
  v1: Array<RealtimeVoice>,
  v2: Array<RealtimeVoice>,
  v3: Array<RealtimeVoice>,
  defaultV1: RealtimeVoice,
  defaultV2: RealtimeVoice,
};

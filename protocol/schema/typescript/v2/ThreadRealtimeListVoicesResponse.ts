// Generated from the message types of codex-trio. Do not edit.
import type { RealtimeVoicesList } from "../RealtimeVoicesList";

/** The voices. */
export type ThreadRealtimeListVoicesResponse = {
  voices: RealtimeVoicesList,
};

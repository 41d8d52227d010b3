// Generated from the message types of codex-trio. Do not edit.
import type { RealtimeConversationVersion } from "../RealtimeConversationVersion";

/** A voice session has been accepted. */
export type ThreadRealtimeStartedNotification = {
  threadId: string,
  realtimeSessionId: string | null,
  version: RealtimeConversationVersion,
};

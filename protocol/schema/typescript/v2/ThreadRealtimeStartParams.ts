// Generated from the message types of codex-trio. Do not edit.
import type { CodexResponseHandoffMode } from "../CodexResponseHandoffMode";
import type { RealtimeConversationVersion } from "../RealtimeConversationVersion";
import type { RealtimeOutputModality } from "../RealtimeOutputModality";
import type { RealtimeVoice } from "../RealtimeVoice";
import type { ThreadRealtimeInitialItem } from "./ThreadRealtimeInitialItem";
import type { ThreadRealtimeStartTransport } from "./ThreadRealtimeStartTransport";

/**
 * Begin a voice session on a thread. Null settings are the configured ones.
 *
 * Errors: -32600 when the thread is not loaded, a session runs, or voice is not available.
 */
export type ThreadRealtimeStartParams = {
  threadId: string,
  clientManagedHandoffs?: boolean | null,
  delegationAckFiller?: boolean | null,
  flushTranscriptTailOnSessionEnd?: boolean | null,
  codexResponsesAsItems?: boolean | null,
  codexResponseItemPrefix?: string | null,
  codexResponseHandoffMode?: CodexResponseHandoffMode | null,
  backendReasoningStatus?: boolean,
  codexResponseHandoffChannelPrefixes?: { [key in string]?: Array<string> } | null,
  model?: string | null,
  outputModality: RealtimeOutputModality,
  includeStartupContext?: boolean | null,
  initialItems?: Array<ThreadRealtimeInitialItem> | null,
  realtimeStartInstructions?: string | null,
  realtimeEndInstructions?: string | null,
  /** Null speaks without instructions, absence uses the usual ones. */
  prompt?: string | null,
  realtimeSessionId?: string | null,
  voiceSessionId?: string | null,
  transport?: ThreadRealtimeStartTransport | null,
  version?: RealtimeConversationVersion | null,
  voice?: RealtimeVoice | null,
};

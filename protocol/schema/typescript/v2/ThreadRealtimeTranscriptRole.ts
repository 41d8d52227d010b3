// Generated from the message types of codex-trio. Do not edit.

/** Who spoke. */
export type ThreadRealtimeTranscriptRole = "user" | "assistant";

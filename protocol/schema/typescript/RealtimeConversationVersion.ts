// Generated from the message types of codex-trio. Do not edit.

/** Generation of the voice protocol. */
export type RealtimeConversationVersion = "v1" | "v2" | "v3";

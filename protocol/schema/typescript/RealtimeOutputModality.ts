// Generated from the message types of codex-trio. Do not edit.

/** Whether the voice model speaks or writes. */
export type RealtimeOutputModality = "text" | "audio";

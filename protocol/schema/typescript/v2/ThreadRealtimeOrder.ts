// Generated from the message types of codex-trio. Do not edit.

/** By when things happened, or by where they are stored. */
export type ThreadRealtimeOrder = "observedAt" | "position";

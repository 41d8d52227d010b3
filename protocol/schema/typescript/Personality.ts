// Generated from the message types of codex-trio. Do not edit.

/** Tone of the assistant. Accepted for older clients; only its absence means anything today. */
export type Personality = "none" | "friendly" | "pragmatic";

// Generated from the message types of codex-trio. Do not edit.

/** What a model takes as input. */
export type InputModality = "text" | "image" | "audio";

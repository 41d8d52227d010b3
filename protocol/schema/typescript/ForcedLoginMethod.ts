// Generated from the message types of codex-trio. Do not edit.

/** A login that must be used. */
export type ForcedLoginMethod = "chatgpt" | "api";

// Generated from the message types of codex-trio. Do not edit.

/** Who asked for a thread, as the client calls it; for statistics. */
export type ThreadSource = string;

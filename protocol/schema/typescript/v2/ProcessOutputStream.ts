// Generated from the message types of codex-trio. Do not edit.

/** Which stream. */
export type ProcessOutputStream = "stdout" | "stderr";

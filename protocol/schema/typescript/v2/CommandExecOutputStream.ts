// Generated from the message types of codex-trio. Do not edit.

/** Which stream. */
export type CommandExecOutputStream = "stdout" | "stderr";

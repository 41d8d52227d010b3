// Generated from the message types of codex-trio. Do not edit.

/** Answer to `process/kill`: the process was told to end. */
export type ProcessKillResponse = Record<string, never>;

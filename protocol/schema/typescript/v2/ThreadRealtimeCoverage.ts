// Generated from the message types of codex-trio. Do not edit.

/** Whether there can be entries, and whether what was asked for has been stored. */
export type ThreadRealtimeCoverage = "unsupported" | "pending" | "ready";

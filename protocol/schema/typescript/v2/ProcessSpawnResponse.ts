// Generated from the message types of codex-trio. Do not edit.

/** Answer to `process/spawn`: the process runs. */
export type ProcessSpawnResponse = Record<string, never>;

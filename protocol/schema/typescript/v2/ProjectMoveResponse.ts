// Generated from the message types of codex-trio. Do not edit.

/** Answer to `project/move`: it is done. */
export type ProjectMoveResponse = Record<string, never>;

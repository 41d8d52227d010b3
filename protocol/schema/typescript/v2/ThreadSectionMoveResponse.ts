// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/section/move`: it is done. */
export type ThreadSectionMoveResponse = Record<string, never>;

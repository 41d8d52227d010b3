// Generated from the message types of codex-trio. Do not edit.

/** Answer to `process/resizePty`: it is done. */
export type ProcessResizePtyResponse = Record<string, never>;

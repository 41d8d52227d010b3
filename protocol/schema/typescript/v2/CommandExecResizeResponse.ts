// Generated from the message types of codex-trio. Do not edit.

/** Answer to `command/exec/resize`: it is done. */
export type CommandExecResizeResponse = Record<string, never>;

// Generated from the message types of codex-trio. Do not edit.

/** Answer to `command/exec/write`: it is done. */
export type CommandExecWriteResponse = Record<string, never>;

// Generated from the message types of codex-trio. Do not edit.

/** Answer to `command/exec/terminate`: the command was told to end. */
export type CommandExecTerminateResponse = Record<string, never>;

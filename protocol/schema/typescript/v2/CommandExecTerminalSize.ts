// Generated from the message types of codex-trio. Do not edit.

/** Size in characters. */
export type CommandExecTerminalSize = {
  rows: number,
  cols: number,
};

// Generated from the message types of codex-trio. Do not edit.

/** Size in characters. */
export type ProcessTerminalSize = {
  rows: number,
  cols: number,
};

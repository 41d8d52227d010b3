// Generated from the message types of codex-trio. Do not edit.
import type { ProcessTerminalSize } from "./ProcessTerminalSize";

/**
 * Change a terminal's size.
 *
 * Errors: -32600 for an unknown handle and one without a terminal.
 */
export type ProcessResizePtyParams = {
  processHandle: string,
  size: ProcessTerminalSize,
};

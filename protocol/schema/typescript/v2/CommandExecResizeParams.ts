// Generated from the message types of codex-trio. Do not edit.
import type { CommandExecTerminalSize } from "./CommandExecTerminalSize";

/**
 * Change a terminal's size.
 *
 * Errors: -32600 for an unknown id and one without a terminal.
 */
export type CommandExecResizeParams = {
  processId: string,
  size: CommandExecTerminalSize,
};

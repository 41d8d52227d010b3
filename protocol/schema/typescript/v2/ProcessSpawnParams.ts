// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { ProcessTerminalSize } from "./ProcessTerminalSize";

/**
 * Start a process and answer at once.
 *
 * Errors: -32600 for an empty command, a relative folder, options that contradict one another, and a handle in use.
 */
export type ProcessSpawnParams = {
  command: Array<string>,
  processHandle: string,
  cwd: AbsolutePathBuf,
  tty?: boolean,
  streamStdin?: boolean,
  streamStdoutStderr?: boolean,
  /** Bytes kept of each stream; null is no limit, absence the usual one. */
  outputBytesCap?: number | null,
  /** In milliseconds; null is no limit, absence the usual one. */
  timeoutMs?: number | null,
  /** Added to the environment; a null value removes a variable. */
  env?: { [key in string]?: string | null } | null,
  size?: ProcessTerminalSize | null,
};

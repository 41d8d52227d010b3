// Generated from the message types of codex-trio. Do not edit.
import type { CommandExecTerminalSize } from "./CommandExecTerminalSize";
import type { PermissionProfile } from "./PermissionProfile";
import type { SandboxPolicy } from "./SandboxPolicy";

/**
 * Run a command and answer when it has ended. What is not streamed comes with the answer.
 *
 * Errors: -32600 for an empty command, options that contradict one another, and an id in use.
 */
export type CommandExecParams = {
  command: Array<string>,
  /** Needed for streaming and later requests; the connection's own. */
  processId?: string | null,
  /** In a terminal; includes streaming both ways. */
  tty?: boolean,
  streamStdin?: boolean,
  streamStdoutStderr?: boolean,
  /** Bytes kept of each stream; null is the usual limit. */
  outputBytesCap?: number | null,
  disableOutputCap?: boolean,
  disableTimeout?: boolean,
  /** In milliseconds; null is the usual limit. */
  timeoutMs?: number | null,
  cwd?: string | null,
  /** Added to the environment; a null value removes a variable. */
  env?: { [key in string]?: string | null } | null,
  size?: CommandExecTerminalSize | null,
  /** Null is the configured one. */
  sandboxPolicy?: SandboxPolicy | null,
  /** A profile's name; not together with `sandboxPolicy`. */
  permissionProfile?: string | PermissionProfile | null,
};

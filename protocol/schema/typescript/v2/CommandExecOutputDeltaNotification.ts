// Generated from the message types of codex-trio. Do not edit.
import type { CommandExecOutputStream } from "./CommandExecOutputStream";

/** Output of a command, in base64. `capReached` says that no more of this stream comes. */
export type CommandExecOutputDeltaNotification = {
  processId: string,
  stream: CommandExecOutputStream,
  deltaBase64: string,
  capReached: boolean,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ProcessOutputStream } from "./ProcessOutputStream";

/** Output of a process, in base64. `capReached` says that no more of this stream comes. */
export type ProcessOutputDeltaNotification = {
  processHandle: string,
  stream: ProcessOutputStream,
  deltaBase64: string,
  capReached: boolean,
};

// Generated from the message types of codex-trio. Do not edit.

/** A process has ended. The streams are empty when they were streamed. */
export type ProcessExitedNotification = {
  processHandle: string,
  exitCode: number,
  /** Output may be missing because something kept the stream open; null from older servers. */
  outputDrainTimedOut: boolean | null,
  stdout: string,
  stdoutCapReached: boolean,
  stderr: string,
  stderrCapReached: boolean,
};

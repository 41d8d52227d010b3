// Generated from the message types of codex-trio. Do not edit.

/** Folders that anyone may write to weaken the sandbox. */
export type WindowsWorldWritableWarningNotification = {
  samplePaths: Array<string>,
  extraCount: number,
  failedScan: boolean,
};

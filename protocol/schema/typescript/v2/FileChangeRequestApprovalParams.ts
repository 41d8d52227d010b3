// Generated from the message types of codex-trio. Do not edit.

/** Ask whether a patch may be applied; the item that was started shows it. The first answer counts. */
export type FileChangeRequestApprovalParams = {
  threadId: string,
  turnId: string,
  itemId: string,
  /** Since when the request is open, in Unix milliseconds. */
  startedAtMs: number,
  reason: string | null,
  /** When not null, accepting also permits writes below this folder for the session. */
  grantRoot: string | null,
};

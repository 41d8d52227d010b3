// Generated from the message types of codex-trio. Do not edit.

/** All file changes of the turn so far, as one Git-style diff. */
export type TurnDiffUpdatedNotification = {
  threadId: string,
  turnId: string,
  diff: string,
};

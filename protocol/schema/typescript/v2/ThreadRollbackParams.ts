// Generated from the message types of codex-trio. Do not edit.

/**
 * Drop turns from the end of a thread's history. Files stay as they are. Releases up to 0.131.
 *
 * Errors: -32600 for 0 turns, while a turn runs, and when there is no stored history.
 */
export type ThreadRollbackParams = {
  numTurns: number,
  threadId: string,
};

// Generated from the message types of codex-trio. Do not edit.

/**
 * Drop a turn and all later ones from a thread's history. Files stay as they are.
 *
 * Errors: -32600 when thread or turn are unknown or a turn runs.
 */
export type ThreadRevertParams = {
  threadId: string,
  beforeTurnId: string,
};

// Generated from the message types of codex-trio. Do not edit.

/**
 * Have the user's next words guessed after a turn.
 *
 * Errors: -32600 when thread or turn are not there.
 */
export type ThreadPredictionRequestParams = {
  threadId: string,
  sourceTurnId: string,
};

// Generated from the message types of codex-trio. Do not edit.

/**
 * A question is put to the user outside the server: its timers stand still meanwhile.
 *
 * Errors: -32600 when the thread is not loaded.
 */
export type ThreadIncrementElicitationParams = {
  threadId: string,
};

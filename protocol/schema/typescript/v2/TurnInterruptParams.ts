// Generated from the message types of codex-trio. Do not edit.

/**
 * Stop a turn; answered once it has stopped. An empty turn id names whichever turn is starting.
 *
 * Errors: -32600 when the thread is not loaded, no turn runs, or another one does.
 */
export type TurnInterruptParams = {
  threadId: string,
  turnId: string,
};

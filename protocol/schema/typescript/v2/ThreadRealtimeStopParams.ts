// Generated from the message types of codex-trio. Do not edit.

/**
 * End the voice session.
 *
 * Errors: -32600 when the thread is not loaded.
 */
export type ThreadRealtimeStopParams = {
  threadId: string,
};

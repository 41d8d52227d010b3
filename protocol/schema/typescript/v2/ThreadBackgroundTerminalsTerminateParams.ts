// Generated from the message types of codex-trio. Do not edit.

/**
 * End one command that a thread left running.
 *
 * Errors: -32600 when the thread is not loaded.
 */
export type ThreadBackgroundTerminalsTerminateParams = {
  threadId: string,
  processId: string,
};

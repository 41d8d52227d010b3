// Generated from the message types of codex-trio. Do not edit.

/**
 * Read the memory summary that a loaded thread uses.
 *
 * Errors: -32600 when the thread is not loaded.
 */
export type ThreadMemoryReadParams = {
  threadId: string,
};

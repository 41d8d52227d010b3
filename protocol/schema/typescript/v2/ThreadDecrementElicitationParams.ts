// Generated from the message types of codex-trio. Do not edit.

/**
 * One question outside the server has been answered.
 *
 * Errors: -32600 when none was open or the thread is not loaded.
 */
export type ThreadDecrementElicitationParams = {
  threadId: string,
};

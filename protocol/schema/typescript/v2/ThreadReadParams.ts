// Generated from the message types of codex-trio. Do not edit.

/**
 * Read one thread, loaded or not, without subscribing.
 *
 * Errors: -32600 for an unknown thread, and when turns are asked of one that has none on disk.
 */
export type ThreadReadParams = {
  threadId: string,
  /** Send the whole history along. */
  includeTurns?: boolean,
};

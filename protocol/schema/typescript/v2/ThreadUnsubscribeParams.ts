// Generated from the message types of codex-trio. Do not edit.

/**
 * Hear nothing more of a thread. It stays loaded, and its turn goes on.
 *
 * Errors: -32600 for a malformed id; an unknown thread is no error.
 */
export type ThreadUnsubscribeParams = {
  threadId: string,
};

// Generated from the message types of codex-trio. Do not edit.

/**
 * Remove a thread and its history for good.
 *
 * Errors: -32600 for an unknown thread and while threads attached to it exist.
 */
export type ThreadDeleteParams = {
  threadId: string,
};

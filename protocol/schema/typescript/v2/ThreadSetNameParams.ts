// Generated from the message types of codex-trio. Do not edit.

/**
 * Name a thread; blanks around the name are dropped.
 *
 * Errors: -32600 for a blank name and for an unknown or ephemeral thread.
 */
export type ThreadSetNameParams = {
  threadId: string,
  name: string,
};

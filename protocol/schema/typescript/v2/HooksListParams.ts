// Generated from the message types of codex-trio. Do not edit.

/**
 * List hooks, by folder or for a thread.
 *
 * Errors: -32600 for an unknown thread, and for both at once.
 */
export type HooksListParams = {
  cwds?: Array<string>,
  threadId?: string | null,
};

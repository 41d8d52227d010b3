// Generated from the message types of codex-trio. Do not edit.

/**
 * Hand an approved plan to a fresh thread.
 *
 * Errors: -32600 when the thread is not loaded or has turns already.
 */
export type ThreadPrepareApprovedPlanParams = {
  threadId: string,
  markdown: string,
  attachmentPath?: string | null,
};

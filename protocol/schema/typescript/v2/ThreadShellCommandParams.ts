// Generated from the message types of codex-trio. Do not edit.

/**
 * Run a shell command for the user: no sandbox, no approval. Its output is shown to the model next time.
 *
 * Errors: -32600 for a blank command and when the thread is not loaded.
 */
export type ThreadShellCommandParams = {
  threadId: string,
  command: string,
  /** In milliseconds; null is an hour. */
  timeoutMs?: number | null,
};

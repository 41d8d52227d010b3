// Generated from the message types of codex-trio. Do not edit.

/**
 * Ask what was used by the account, or by one thread.
 *
 * Errors: -32600 without a ChatGPT login.
 */
export type GetAccountTokenUsageParams = {
  threadId?: string | null,
};

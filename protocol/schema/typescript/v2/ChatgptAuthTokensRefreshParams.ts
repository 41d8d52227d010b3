// Generated from the message types of codex-trio. Do not edit.
import type { ChatgptAuthTokensRefreshReason } from "./ChatgptAuthTokensRefreshReason";

/** Ask the client for fresh tokens, for a login that it manages. */
export type ChatgptAuthTokensRefreshParams = {
  reason: ChatgptAuthTokensRefreshReason,
  /** The account used so far; null when unknown. */
  previousAccountId: string | null,
};

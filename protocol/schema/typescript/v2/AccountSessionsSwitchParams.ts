// Generated from the message types of codex-trio. Do not edit.

/**
 * Use another login and workspace.
 *
 * Errors: -32600 for an unknown one.
 */
export type AccountSessionsSwitchParams = {
  sessionId: string,
  accountId: string,
  /** A browser may be opened when the workspace wants its own login. */
  allowBrowserLogin?: boolean,
};

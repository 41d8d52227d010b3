// Generated from the message types of codex-trio. Do not edit.

/** The page to open. The id comes back when the login is over, if there is one. */
export type McpServerOauthLoginResponse = {
  authorizationUrl: string,
  loginId?: string | null,
};

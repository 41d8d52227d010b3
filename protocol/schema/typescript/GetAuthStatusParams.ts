// Generated from the message types of codex-trio. Do not edit.

/** Ask how the server is logged in. The token itself is included only on demand. */
export type GetAuthStatusParams = {
  includeToken?: boolean | null,
  refreshToken?: boolean | null,
};

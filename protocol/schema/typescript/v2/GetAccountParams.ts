// Generated from the message types of codex-trio. Do not edit.

/** Ask who is logged in. */
export type GetAccountParams = {
  /** Renew the token first. */
  refreshToken?: boolean,
};

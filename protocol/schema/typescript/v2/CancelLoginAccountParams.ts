// Generated from the message types of codex-trio. Do not edit.

/** Give up a login that is under way. */
export type CancelLoginAccountParams = {
  loginId: string,
};

// Generated from the message types of codex-trio. Do not edit.

/**
 * Give up a login that is under way.
 *
 * Errors: -32600 for an id that is no UUID; an unknown one is no error.
 */
export type CancelLoginAccountParams = {
  loginId: string,
};

// Generated from the message types of codex-trio. Do not edit.

/**
 * Open a search that is refined while the user types.
 *
 * Errors: -32600 for a blank id.
 */
export type FuzzyFileSearchSessionStartParams = {
  sessionId: string,
  roots: Array<string>,
};

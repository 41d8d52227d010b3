// Generated from the message types of codex-trio. Do not edit.

/**
 * Search for something else; results come as notifications.
 *
 * Errors: -32600 for an unknown id.
 */
export type FuzzyFileSearchSessionUpdateParams = {
  sessionId: string,
  query: string,
};

// Generated from the message types of codex-trio. Do not edit.

/** Close a search. An unknown id is no error. */
export type FuzzyFileSearchSessionStopParams = {
  sessionId: string,
};

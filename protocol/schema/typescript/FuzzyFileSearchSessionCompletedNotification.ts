// Generated from the message types of codex-trio. Do not edit.

/** No more matches for the last query. */
export type FuzzyFileSearchSessionCompletedNotification = {
  sessionId: string,
};

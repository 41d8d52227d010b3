// Generated from the message types of codex-trio. Do not edit.
import type { FuzzyFileSearchResult } from "./FuzzyFileSearchResult";

/** The matches so far. */
export type FuzzyFileSearchSessionUpdatedNotification = {
  sessionId: string,
  query: string,
  files: Array<FuzzyFileSearchResult>,
};

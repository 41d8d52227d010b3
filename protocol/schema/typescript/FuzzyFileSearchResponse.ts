// Generated from the message types of codex-trio. Do not edit.
import type { FuzzyFileSearchResult } from "./FuzzyFileSearchResult";

/** The matches. */
export type FuzzyFileSearchResponse = {
  files: Array<FuzzyFileSearchResult>,
};

// Generated from the message types of codex-trio. Do not edit.
import type { FuzzyFileSearchMatchType } from "./FuzzyFileSearchMatchType";

/** A match. `indices` are the characters of the path that matched, null when none did. */
export type FuzzyFileSearchResult = {
  root: string,
  path: string,
  match_type: FuzzyFileSearchMatchType,
  file_name: string,
  score: number,
  indices: Array<number> | null,
};

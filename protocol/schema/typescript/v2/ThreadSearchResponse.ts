// Generated from the message types of codex-trio. Do not edit.
import type { ThreadSearchResult } from "./ThreadSearchResult";

/** A page of threads. Null cursors mark an end. */
export type ThreadSearchResponse = {
  data: Array<ThreadSearchResult>,
  nextCursor: string | null,
  backwardsCursor: string | null,
};

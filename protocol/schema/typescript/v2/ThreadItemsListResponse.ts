// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItemEntry } from "./ThreadItemEntry";

/** A page of items. Null cursors mark an end; `backwardsCursor` leads the other way. */
export type ThreadItemsListResponse = {
  data: Array<ThreadItemEntry>,
  nextCursor: string | null,
  backwardsCursor: string | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ThreadItem } from "./ThreadItem";

/** A page of items. */
export type ThreadTurnsItemsListResponse = {
  backwardsCursor: string | null,
  data: Array<ThreadItem>,
  nextCursor: string | null,
};

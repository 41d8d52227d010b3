// Generated from the message types of codex-trio. Do not edit.
import type { SortDirection } from "./SortDirection";

/** Read the items of one turn by pages. Known to 0.131 only, which answers -32601: not supported yet. */
export type ThreadTurnsItemsListParams = {
  cursor?: string | null,
  limit?: number | null,
  sortDirection?: SortDirection | null,
  threadId: string,
  turnId: string,
};

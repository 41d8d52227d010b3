// Generated from the message types of codex-trio. Do not edit.
import type { SortDirection } from "./SortDirection";
import type { ThreadItemOutputDeferral } from "./ThreadItemOutputDeferral";
import type { ThreadItemsListCursor } from "./ThreadItemsListCursor";

/**
 * Read a thread's items by pages, oldest first unless asked otherwise.
 *
 * Errors: -32600 for an unknown thread or cursor; -32602 for an anchor without a turn.
 */
export type ThreadItemsListParams = {
  threadId: string,
  /** Only this turn's items; null for all. */
  turnId?: string | null,
  cursor?: ThreadItemsListCursor | null,
  limit?: number | null,
  sortDirection?: SortDirection | null,
  deferOutput?: ThreadItemOutputDeferral | null,
};

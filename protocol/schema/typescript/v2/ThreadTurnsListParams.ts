// Generated from the message types of codex-trio. Do not edit.
import type { SortDirection } from "./SortDirection";
import type { TurnItemsView } from "./TurnItemsView";

/**
 * Read a thread's turns by pages, newest first unless asked otherwise.
 *
 * Errors: -32600 for an unknown thread, one without anything on disk, and an unreadable cursor.
 */
export type ThreadTurnsListParams = {
  threadId: string,
  cursor?: string | null,
  limit?: number | null,
  sortDirection?: SortDirection | null,
  /** How much of each turn; null is a summary. */
  itemsView?: TurnItemsView | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { SortDirection } from "./SortDirection";
import type { ThreadSearchSortKey } from "./ThreadSearchSortKey";
import type { ThreadSourceKind } from "./ThreadSourceKind";

/**
 * Find threads by their words. Null filters do not filter, save that origins default to what users started.
 *
 * Errors: -32600 for an empty term or an unreadable cursor.
 */
export type ThreadSearchParams = {
  includeAttachedThreads?: boolean,
  currentAccountOnly?: boolean,
  cursor?: string | null,
  limit?: number | null,
  sortKey?: ThreadSearchSortKey | null,
  sortDirection?: SortDirection | null,
  sourceKinds?: Array<ThreadSourceKind> | null,
  archived?: boolean | null,
  searchTerm: string,
};

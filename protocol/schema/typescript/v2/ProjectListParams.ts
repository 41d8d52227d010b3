// Generated from the message types of codex-trio. Do not edit.
import type { ProjectSortKey } from "./ProjectSortKey";
import type { SortDirection } from "./SortDirection";

/**
 * List projects, in the user's order unless asked otherwise.
 *
 * Errors: -32600 for an unreadable cursor.
 */
export type ProjectListParams = {
  cursor?: string | null,
  limit?: number | null,
  sortKey?: ProjectSortKey | null,
  sortDirection?: SortDirection | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { SortDirection } from "./SortDirection";
import type { ThreadSortKey } from "./ThreadSortKey";
import type { ThreadSourceKind } from "./ThreadSourceKind";

/**
 * List stored threads, newest first unless asked otherwise. Null filters do not filter, save those named below.
 *
 * Errors: -32600 for an unreadable cursor and for filters that exclude one another.
 */
export type ThreadListParams = {
  includeAttachedThreads?: boolean,
  currentAccountOnly?: boolean,
  cursor?: string | null,
  /** Threads a page; 25 when null, at least 1. */
  limit?: number | null,
  /** At most 100 threads to leave out. */
  excludedThreadIds?: Array<string> | null,
  /** At most 100 threads to choose from; an empty list has none. */
  includedThreadIds?: Array<string> | null,
  sortKey?: ThreadSortKey | null,
  sortDirection?: SortDirection | null,
  /** Null lists the configured provider's threads, an empty list those of all. */
  modelProviders?: Array<string> | null,
  /** Null and empty list what users started themselves. */
  sourceKinds?: Array<ThreadSourceKind> | null,
  originators?: Array<string> | null,
  /** True lists the archive, null and false what is not in it. */
  archived?: boolean | null,
  sectionId?: string | null,
  /** Absent for all threads, null for those without a project. */
  projectId?: string | null,
  cwd?: string | Array<string> | null,
  /** Trust the index and do not look at files. */
  useStateDbOnly?: boolean,
  /** Part of the name or the preview. */
  searchTerm?: string | null,
  /** Only threads that this one's agent started. */
  parentThreadId?: string | null,
  /** Only threads started below this one, however deep. */
  ancestorThreadId?: string | null,
  /** Only threads that this one owns. */
  attachedToThreadId?: string | null,
};

// Generated from the message types of codex-trio. Do not edit.

/** Oldest or smallest first (`asc`), or the other way round. */
export type SortDirection = "asc" | "desc";

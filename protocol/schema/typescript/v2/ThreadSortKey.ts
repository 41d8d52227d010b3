// Generated from the message types of codex-trio. Do not edit.

/** What to sort threads by. */
export type ThreadSortKey = "created_at" | "updated_at" | "recency_at" | "section_position";

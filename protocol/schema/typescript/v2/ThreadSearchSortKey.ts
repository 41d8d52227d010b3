// Generated from the message types of codex-trio. Do not edit.

/** What to sort found threads by. */
export type ThreadSearchSortKey = "created_at" | "updated_at" | "recency_at";

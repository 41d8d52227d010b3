// Generated from the message types of codex-trio. Do not edit.

/** What to sort projects by. */
export type ProjectSortKey = "position" | "recencyAt";

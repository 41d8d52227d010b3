// Generated from the message types of codex-trio. Do not edit.

/** Put the value in place of the old one, or merge tables. */
export type MergeStrategy = "replace" | "upsert";

// Generated from the message types of codex-trio. Do not edit.

/** Whether the web is searched, and how fresh results are. */
export type WebSearchMode = "disabled" | "cached" | "indexed" | "live";

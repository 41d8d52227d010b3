// Generated from the message types of codex-trio. Do not edit.

/** Which tokens count towards compaction. */
export type AutoCompactTokenLimitScope = "total" | "body_after_prefix";

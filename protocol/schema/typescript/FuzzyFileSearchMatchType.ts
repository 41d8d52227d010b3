// Generated from the message types of codex-trio. Do not edit.

/** Whether it is a file or a folder. */
export type FuzzyFileSearchMatchType = "file" | "directory";

// Generated from the message types of codex-trio. Do not edit.

/** What an entry grants. `deny` wins over the others; `none` is its older name. */
export type FileSystemAccessMode = "read" | "write" | "deny" | "none";

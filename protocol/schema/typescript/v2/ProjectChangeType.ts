// Generated from the message types of codex-trio. Do not edit.

/** What happened to a project. */
export type ProjectChangeType = "created" | "updated" | "deleted";

// Generated from the message types of codex-trio. Do not edit.

/** What somebody may do with it. */
export type PluginShareTargetRole = "reader" | "editor";

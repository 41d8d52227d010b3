// Generated from the message types of codex-trio. Do not edit.

/** Who can find a shared plugin. */
export type PluginShareDiscoverability = "LISTED" | "UNLISTED" | "PRIVATE";

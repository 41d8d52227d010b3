// Generated from the message types of codex-trio. Do not edit.

/** Who can find it from now on. */
export type PluginShareUpdateDiscoverability = "UNLISTED" | "PRIVATE" | "LISTED";

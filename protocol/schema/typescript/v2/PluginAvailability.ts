// Generated from the message types of codex-trio. Do not edit.

/** Whether an administrator allows it. */
export type PluginAvailability = "DISABLED_BY_ADMIN" | "AVAILABLE";

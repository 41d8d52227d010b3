// Generated from the message types of codex-trio. Do not edit.

/** How user and agent work together: planning first, or straight away. */
export type ModeKind = "plan" | "default";

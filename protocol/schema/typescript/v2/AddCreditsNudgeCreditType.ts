// Generated from the message types of codex-trio. Do not edit.

/** What the workspace's owner is asked to add. */
export type AddCreditsNudgeCreditType = "credits" | "usage_limit";

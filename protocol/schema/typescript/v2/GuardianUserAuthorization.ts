// Generated from the message types of codex-trio. Do not edit.

/** How clearly the user wanted the action. */
export type GuardianUserAuthorization = "unknown" | "low" | "medium" | "high";

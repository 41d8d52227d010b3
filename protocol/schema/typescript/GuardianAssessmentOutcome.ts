// Generated from the message types of codex-trio. Do not edit.

/** What the reviewer decided. */
export type GuardianAssessmentOutcome = "allow" | "deny";

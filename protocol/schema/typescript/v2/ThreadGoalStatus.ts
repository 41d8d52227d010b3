// Generated from the message types of codex-trio. Do not edit.

/** Whether a goal is worked on, and if not, why. */
export type ThreadGoalStatus = "active" | "paused" | "blocked" | "usageLimited" | "budgetLimited" | "complete";

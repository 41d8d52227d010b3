// Generated from the message types of codex-trio. Do not edit.

/** Where a step stands. */
export type TurnPlanStepStatus = "pending" | "inProgress" | "completed";

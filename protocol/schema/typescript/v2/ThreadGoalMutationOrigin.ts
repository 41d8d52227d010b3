// Generated from the message types of codex-trio. Do not edit.

/** Whether the user or the program changed a goal. */
export type ThreadGoalMutationOrigin = "user" | "automatic";

// Generated from the message types of codex-trio. Do not edit.

/** Whether there was a goal. */
export type ThreadGoalClearResponse = {
  cleared: boolean,
};

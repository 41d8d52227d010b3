// Generated from the message types of codex-trio. Do not edit.
import type { ThreadGoal } from "./ThreadGoal";

/** The goal as it is now. */
export type ThreadGoalSetResponse = {
  goal: ThreadGoal,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ThreadGoal } from "./ThreadGoal";

/** A goal was set, or has progressed in a turn; null when no turn did it. */
export type ThreadGoalUpdatedNotification = {
  threadId: string,
  turnId: string | null,
  goal: ThreadGoal,
};

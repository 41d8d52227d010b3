// Generated from the message types of codex-trio. Do not edit.
import type { ThreadGoal } from "./ThreadGoal";

/** The goal; null when there is none. */
export type ThreadGoalGetResponse = {
  goal: ThreadGoal | null,
};

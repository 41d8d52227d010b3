// Generated from the message types of codex-trio. Do not edit.
import type { ThreadGoalStatus } from "./ThreadGoalStatus";

/** A goal and how far it has come. A null budget is no limit. Times are Unix seconds. */
export type ThreadGoal = {
  threadId: string,
  objective: string,
  status: ThreadGoalStatus,
  tokenBudget: number | null,
  tokensUsed: number,
  timeUsedSeconds: number,
  createdAt: number,
  updatedAt: number,
};

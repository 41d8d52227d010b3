// Generated from the message types of codex-trio. Do not edit.
import type { ThreadGoalMutationOrigin } from "./ThreadGoalMutationOrigin";
import type { ThreadGoalStatus } from "./ThreadGoalStatus";

/**
 * Set or change a goal. An active one on an idle thread starts a turn by itself.
 *
 * Errors: -32600 for an unknown or ephemeral thread, a blank objective or one of more than 4000 characters, a budget
 * below 1, and a change where there is no goal.
 */
export type ThreadGoalSetParams = {
  threadId: string,
  /** Null does not count as the user's word. */
  origin?: ThreadGoalMutationOrigin | null,
  /** Null keeps it. */
  objective?: string | null,
  /** Null keeps it. */
  status?: ThreadGoalStatus | null,
  /** Null takes the limit away, absence keeps it. */
  tokenBudget?: number | null,
};

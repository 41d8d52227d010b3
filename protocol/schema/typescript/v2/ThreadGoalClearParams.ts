// Generated from the message types of codex-trio. Do not edit.
import type { ThreadGoalMutationOrigin } from "./ThreadGoalMutationOrigin";

/**
 * Give a goal up.
 *
 * Errors: -32600 for an unknown or ephemeral thread.
 */
export type ThreadGoalClearParams = {
  threadId: string,
  /** Null does not count as the user's word. */
  origin?: ThreadGoalMutationOrigin | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ReasoningEffort } from "../ReasoningEffort";
import type { ReasoningSummary } from "../ReasoningSummary";
import type { ApprovalsReviewer } from "./ApprovalsReviewer";
import type { TurnEnvironmentParams } from "./TurnEnvironmentParams";

/**
 * Change settings of the running turn only.
 *
 * Null leaves a setting alone; `serviceTier` is cleared by null and left alone when absent.
 *
 * Errors: -32600 for unknown keys and unknown threads.
 */
export type TurnSettingsUpdateParams = {
  threadId: string,
  turnId: string,
  approvalsReviewer?: ApprovalsReviewer | null,
  environments?: Array<TurnEnvironmentParams> | null,
  model?: string | null,
  effort?: ReasoningEffort | null,
  summary?: ReasoningSummary | null,
  serviceTier?: string | null,
};

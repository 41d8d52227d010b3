// Generated from the message types of codex-trio. Do not edit.
import type { TurnPlanStep } from "./TurnPlanStep";

/** The model's plan, complete each time. */
export type TurnPlanUpdatedNotification = {
  threadId: string,
  turnId: string,
  explanation: string | null,
  plan: Array<TurnPlanStep>,
};

// Generated from the message types of codex-trio. Do not edit.
import type { TurnPlanStepStatus } from "./TurnPlanStepStatus";

/** One step of the model's plan. */
export type TurnPlanStep = {
  step: string,
  status: TurnPlanStepStatus,
};

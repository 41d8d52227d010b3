// Generated from the message types of codex-trio. Do not edit.
import type { ReasoningEffort } from "../ReasoningEffort";

/** What new threads begin with. */
export type NewThreadModelDefaults = {
  model: string | null,
  modelReasoningEffort: ReasoningEffort | null,
  serviceTier: string | null,
};

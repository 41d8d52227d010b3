// Generated from the message types of codex-trio. Do not edit.
import type { ReasoningEffort } from "../ReasoningEffort";

/** An effort that a model offers. */
export type ReasoningEffortOption = {
  reasoningEffort: ReasoningEffort,
  description: string,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ReasoningEffort } from "./ReasoningEffort";

/** Reasoning settings from here on. */
export type ConfigurationReasoning = {
  effort: ReasoningEffort,
};

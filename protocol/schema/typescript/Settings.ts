// Generated from the message types of codex-trio. Do not edit.
import type { ReasoningEffort } from "./ReasoningEffort";

/** What a collaboration mode sets. Null effort and null instructions leave the mode's own. */
export type Settings = {
  model: string,
  reasoning_effort?: ReasoningEffort | null,
  developer_instructions?: string | null,
};

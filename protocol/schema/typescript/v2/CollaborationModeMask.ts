// Generated from the message types of codex-trio. Do not edit.
import type { ModeKind } from "../ModeKind";
import type { ReasoningEffort } from "../ReasoningEffort";

/** A mode to choose. Null fields leave the setting alone. */
export type CollaborationModeMask = {
  name: string,
  mode: ModeKind | null,
  model: string | null,
  reasoning_effort: ReasoningEffort | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { NewThreadModelDefaults } from "./NewThreadModelDefaults";

/** What is required of models. */
export type ModelsRequirements = {
  newThread: NewThreadModelDefaults | null,
};

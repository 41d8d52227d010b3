// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentConfigImportItemTypeFailure } from "./ExternalAgentConfigImportItemTypeFailure";
import type { ExternalAgentConfigImportItemTypeSuccess } from "./ExternalAgentConfigImportItemTypeSuccess";

/** An import of the past. The time is Unix milliseconds. */
export type ExternalAgentConfigImportHistory = {
  importId: string,
  providerId: string | null,
  completedAtMs: number,
  successes: Array<ExternalAgentConfigImportItemTypeSuccess>,
  failures: Array<ExternalAgentConfigImportItemTypeFailure>,
};

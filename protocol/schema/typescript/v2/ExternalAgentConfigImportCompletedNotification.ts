// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentConfigImportTypeResult } from "./ExternalAgentConfigImportTypeResult";

/** An import is over. */
export type ExternalAgentConfigImportCompletedNotification = {
  importId: string,
  itemTypeResults: Array<ExternalAgentConfigImportTypeResult>,
};

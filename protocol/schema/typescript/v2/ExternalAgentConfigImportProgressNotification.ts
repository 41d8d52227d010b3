// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentConfigImportTypeResult } from "./ExternalAgentConfigImportTypeResult";

/** An import has come further. */
export type ExternalAgentConfigImportProgressNotification = {
  importId: string,
  itemTypeResults: Array<ExternalAgentConfigImportTypeResult>,
};

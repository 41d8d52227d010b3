// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentConfigImportHistoryRecordTypeResultParams } from "./ExternalAgentConfigImportHistoryRecordTypeResultParams";

/** Note an import that another program made. */
export type ExternalAgentConfigImportHistoryRecordParams = {
  providerId: string,
  itemTypeResults: Array<ExternalAgentConfigImportHistoryRecordTypeResultParams>,
};

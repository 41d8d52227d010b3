// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentConfigImportHistoryRecordSuccessParams } from "./ExternalAgentConfigImportHistoryRecordSuccessParams";
import type { ExternalAgentConfigImportItemTypeFailure } from "./ExternalAgentConfigImportItemTypeFailure";
import type { ExternalAgentConfigMigrationItemType } from "./ExternalAgentConfigMigrationItemType";

/** What came of one kind of thing. */
export type ExternalAgentConfigImportHistoryRecordTypeResultParams = {
  itemType: ExternalAgentConfigMigrationItemType,
  successes: Array<ExternalAgentConfigImportHistoryRecordSuccessParams>,
  failures: Array<ExternalAgentConfigImportItemTypeFailure>,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentConfigImportItemTypeFailure } from "./ExternalAgentConfigImportItemTypeFailure";
import type { ExternalAgentConfigImportItemTypeSuccess } from "./ExternalAgentConfigImportItemTypeSuccess";
import type { ExternalAgentConfigMigrationItemType } from "./ExternalAgentConfigMigrationItemType";

/** What came of one kind of thing. */
export type ExternalAgentConfigImportTypeResult = {
  itemType: ExternalAgentConfigMigrationItemType,
  successes: Array<ExternalAgentConfigImportItemTypeSuccess>,
  failures: Array<ExternalAgentConfigImportItemTypeFailure>,
};

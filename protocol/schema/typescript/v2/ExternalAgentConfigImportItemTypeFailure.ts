// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentConfigMigrationItemType } from "./ExternalAgentConfigMigrationItemType";

/** Something that could not be taken over, and why. Null where not known. */
export type ExternalAgentConfigImportItemTypeFailure = {
  itemType: ExternalAgentConfigMigrationItemType,
  errorType?: string | null,
  subErrorType?: string | null,
  failureStage: string,
  message: string,
  cwd?: string | null,
  source?: string | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentConfigMigrationItemType } from "./ExternalAgentConfigMigrationItemType";

/** Something that was taken over. Null where it does not apply. */
export type ExternalAgentConfigImportItemTypeSuccess = {
  itemType: ExternalAgentConfigMigrationItemType,
  cwd: string | null,
  source: string | null,
  target: string | null,
  title: string | null,
};

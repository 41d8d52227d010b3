// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentConfigMigrationItemType } from "./ExternalAgentConfigMigrationItemType";
import type { MigrationDetails } from "./MigrationDetails";

/** Something to take over. Null or no folder means the user's home. */
export type ExternalAgentConfigMigrationItem = {
  itemType: ExternalAgentConfigMigrationItemType,
  description: string,
  cwd?: string | null,
  details?: MigrationDetails | null,
};

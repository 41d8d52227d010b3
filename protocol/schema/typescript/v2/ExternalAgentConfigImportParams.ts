// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentConfigMigrationItem } from "./ExternalAgentConfigMigrationItem";

/** Take things over; outcomes come as notifications. */
export type ExternalAgentConfigImportParams = {
  migrationItems: Array<ExternalAgentConfigMigrationItem>,
  source?: string | null,
  providerId?: string | null,
  migrationSource?: string | null,
};

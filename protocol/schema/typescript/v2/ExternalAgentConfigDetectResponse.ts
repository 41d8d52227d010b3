// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentConfigMigrationItem } from "./ExternalAgentConfigMigrationItem";
import type { ExternalAgentDetectedConnectorCandidate } from "./ExternalAgentDetectedConnectorCandidate";

/** What could be taken over. */
export type ExternalAgentConfigDetectResponse = {
  items: Array<ExternalAgentConfigMigrationItem>,
  connectors: Array<ExternalAgentDetectedConnectorCandidate>,
};

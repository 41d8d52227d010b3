// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentConfigImportHistory } from "./ExternalAgentConfigImportHistory";
import type { ExternalAgentImportedConnectorCandidate } from "./ExternalAgentImportedConnectorCandidate";

/** Imports of the past. */
export type ExternalAgentConfigImportHistoriesReadResponse = {
  data: Array<ExternalAgentConfigImportHistory>,
  connectors: Array<ExternalAgentImportedConnectorCandidate>,
};

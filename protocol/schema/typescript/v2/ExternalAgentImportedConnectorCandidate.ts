// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentImportedConnectorSource } from "./ExternalAgentImportedConnectorSource";

/** An app that the other agent used. */
export type ExternalAgentImportedConnectorCandidate = {
  name: string,
  sessionCount: number,
  source: ExternalAgentImportedConnectorSource,
};

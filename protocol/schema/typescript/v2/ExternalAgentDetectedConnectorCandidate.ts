// Generated from the message types of codex-trio. Do not edit.
import type { ExternalAgentDetectedConnectorSource } from "./ExternalAgentDetectedConnectorSource";

/** An app that the other agent used. */
export type ExternalAgentDetectedConnectorCandidate = {
  name: string,
  sessionCount: number,
  source: ExternalAgentDetectedConnectorSource,
};

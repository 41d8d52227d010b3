// Generated from the message types of codex-trio. Do not edit.
import type { GatewayAuth } from "./GatewayAuth";

/** A provider's settings. */
export type ProviderSettings = {
  "type": "openai",
} | {
  "type": "customGateway",
  auth: GatewayAuth,
} | {
  "type": "bedrock",
  profile: string | null,
  region: string | null,
} | {
  "type": "gcp",
  projectId: string | null,
  location: string | null,
  credentialFile: string | null,
};

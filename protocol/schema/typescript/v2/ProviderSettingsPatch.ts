// Generated from the message types of codex-trio. Do not edit.
import type { BedrockProviderId } from "./BedrockProviderId";
import type { GcpProviderId } from "./GcpProviderId";

/** Settings to change: absent keeps, null clears. */
export type ProviderSettingsPatch = {
  "type": "customGateway",
  providerId?: string | null,
  name?: string,
  baseUrl?: string | null,
  envKey?: string | null,
} | {
  "type": "bedrock",
  providerId: BedrockProviderId,
  profile?: string | null,
  region?: string | null,
} | {
  "type": "gcp",
  providerId: GcpProviderId,
  projectId?: string | null,
  location?: string | null,
  credentialFile?: string | null,
};

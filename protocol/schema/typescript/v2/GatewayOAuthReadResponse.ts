// Generated from the message types of codex-trio. Do not edit.
import type { GatewayOAuthStatus } from "./GatewayOAuthStatus";

/** Whether the provider needs a login, and how it stands; null when it needs none. */
export type GatewayOAuthReadResponse = {
  providerId: string,
  providerName: string,
  required: boolean,
  supportsDeviceAuth: boolean,
  status: GatewayOAuthStatus | null,
  error: string | null,
};

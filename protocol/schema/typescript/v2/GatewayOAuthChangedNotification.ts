// Generated from the message types of codex-trio. Do not edit.
import type { GatewayOAuthStatus } from "./GatewayOAuthStatus";

/** A gateway login has changed. The page to open goes to the connection that began it. */
export type GatewayOAuthChangedNotification = {
  loginId: string | null,
  authUrl: string | null,
  providerId: string,
  status: GatewayOAuthStatus,
  error: string | null,
};

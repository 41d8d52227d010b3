// Generated from the message types of codex-trio. Do not edit.

/** Answer to `account/gatewayOAuth/cancel`: it is done. */
export type GatewayOAuthCancelResponse = Record<string, never>;

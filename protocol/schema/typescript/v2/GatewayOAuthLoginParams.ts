// Generated from the message types of codex-trio. Do not edit.

/**
 * Log in to a gateway; null is the current provider.
 *
 * Errors: -32600 when the provider has no such login.
 */
export type GatewayOAuthLoginParams = {
  modelProvider?: string | null,
  deviceAuth?: boolean,
};

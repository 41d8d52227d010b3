// Generated from the message types of codex-trio. Do not edit.

/** Ask how the login to a gateway stands; null is the current provider. */
export type GatewayOAuthReadParams = {
  modelProvider?: string | null,
};

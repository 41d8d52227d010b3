// Generated from the message types of codex-trio. Do not edit.

/** How a gateway is authenticated to. */
export type GatewayAuth = {
  "mode": "none",
} | {
  "mode": "environmentVariable",
  envKey: string,
} | {
  "mode": "externallyConfigured",
  envKey: string | null,
};

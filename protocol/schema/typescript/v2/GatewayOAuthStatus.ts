// Generated from the message types of codex-trio. Do not edit.

/** How a gateway login stands. */
export type GatewayOAuthStatus = "notReady" | "started" | "succeeded" | "failed";

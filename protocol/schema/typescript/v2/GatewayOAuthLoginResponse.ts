// Generated from the message types of codex-trio. Do not edit.
import type { GatewayOAuthPrompt } from "./GatewayOAuthPrompt";

/** The prompt; null when a browser does it all. */
export type GatewayOAuthLoginResponse = {
  prompt: GatewayOAuthPrompt | null,
};

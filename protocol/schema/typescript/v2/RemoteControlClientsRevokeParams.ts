// Generated from the message types of codex-trio. Do not edit.

/**
 * Let a device control it no longer.
 *
 * Errors: -32600 without a ChatGPT login.
 */
export type RemoteControlClientsRevokeParams = {
  environmentId: string,
  clientId: string,
};

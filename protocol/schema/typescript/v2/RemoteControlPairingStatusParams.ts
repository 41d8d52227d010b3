// Generated from the message types of codex-trio. Do not edit.

/**
 * Ask whether a code was used; name one of the two.
 *
 * Errors: -32600 without a code.
 */
export type RemoteControlPairingStatusParams = {
  pairingCode?: string | null,
  manualPairingCode?: string | null,
};

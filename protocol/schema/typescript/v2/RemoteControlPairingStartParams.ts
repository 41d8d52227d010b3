// Generated from the message types of codex-trio. Do not edit.

/**
 * Get a code to pair a device with.
 *
 * Errors: -32600 while remote control is off.
 */
export type RemoteControlPairingStartParams = {
  /** Also one that can be typed. */
  manualCode?: boolean,
};

// Generated from the message types of codex-trio. Do not edit.

/** The codes. The expiry is in Unix seconds. */
export type RemoteControlPairingStartResponse = {
  pairingCode: string,
  manualPairingCode: string | null,
  environmentId: string,
  expiresAt: number,
};

// Generated from the message types of codex-trio. Do not edit.

/** Whether it was used. */
export type RemoteControlPairingStatusResponse = {
  claimed: boolean,
};

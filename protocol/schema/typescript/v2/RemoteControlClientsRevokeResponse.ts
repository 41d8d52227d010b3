// Generated from the message types of codex-trio. Do not edit.

/** Answer to `remoteControl/client/revoke`: it is done. */
export type RemoteControlClientsRevokeResponse = Record<string, never>;

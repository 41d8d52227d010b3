// Generated from the message types of codex-trio. Do not edit.

/** A device. The time is Unix seconds; null where not told. */
export type RemoteControlClient = {
  clientId: string,
  displayName: string | null,
  deviceType: string | null,
  platform: string | null,
  osVersion: string | null,
  deviceModel: string | null,
  appVersion: string | null,
  lastSeenAt: number | null,
};

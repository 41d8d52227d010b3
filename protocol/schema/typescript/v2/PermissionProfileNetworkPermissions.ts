// Generated from the message types of codex-trio. Do not edit.

/** Network access of a spelled-out profile (release 0.131). */
export type PermissionProfileNetworkPermissions = {
  enabled: boolean,
};

// Generated from the message types of codex-trio. Do not edit.

/** Network beyond the sandbox; null asks for nothing. */
export type AdditionalNetworkPermissions = {
  enabled?: boolean | null,
};

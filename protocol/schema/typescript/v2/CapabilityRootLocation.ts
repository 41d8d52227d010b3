// Generated from the message types of codex-trio. Do not edit.

/** Where a capability root is. */
export type CapabilityRootLocation = {
  "type": "environment",
  environmentId: string,
  path: string,
};

// Generated from the message types of codex-trio. Do not edit.

/** Answer to `account/gcp/setup`: it is done. */
export type GcpSetupResponse = Record<string, never>;

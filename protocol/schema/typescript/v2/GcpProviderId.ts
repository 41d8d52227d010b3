// Generated from the message types of codex-trio. Do not edit.

/** The built-in provider of Google Cloud. */
export type GcpProviderId = "gcp";

// Generated from the message types of codex-trio. Do not edit.

/** Where an app was seen. */
export type ExternalAgentImportedConnectorSource = "remoteMcpServersConfig";

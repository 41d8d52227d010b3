// Generated from the message types of codex-trio. Do not edit.

/** The app that a tool belongs to. */
export type McpToolCallAppContext = {
  connectorId: string,
  linkId: string | null,
  resourceUri: string | null,
  appName: string | null,
  actionName: string | null,
};

// Generated from the message types of codex-trio. Do not edit.

/** List the logins, reading workspaces anew if wished. */
export type AccountSessionsListParams = {
  refreshWorkspaceMetadata?: boolean,
};

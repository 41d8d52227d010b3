// Generated from the message types of codex-trio. Do not edit.

/** An app and account to read as; null asks without an account. */
export type McpResourceReadTarget = {
  connectorId: string,
  linkId: string | null,
};

// Generated from the message types of codex-trio. Do not edit.

/**
 * When to ask before running something: `untrusted` for all but commands known to be harmless, `on-request` when the
 * model asks to leave the sandbox, `never`.
 */
export type AskForApproval = "untrusted" | "on-request" | {
  granular: {
  sandbox_approval: boolean,
  rules: boolean,
  skill_approval: boolean,
  request_permissions: boolean,
  mcp_elicitations: boolean,
},
} | "never" | "on-failure";

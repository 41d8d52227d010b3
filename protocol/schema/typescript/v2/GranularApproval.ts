// Generated from the message types of codex-trio. Do not edit.

/** For each kind of request, whether it may reach the reviewer at all; false refuses it unasked. */
export type GranularApproval = {
  mcp_elicitations: boolean,
  request_permissions: boolean,
  rules: boolean,
  sandbox_approval: boolean,
  skill_approval: boolean,
};

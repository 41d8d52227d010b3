// Generated from the message types of codex-trio. Do not edit.

/** Whether a host may be reached. */
export type NetworkPolicyRuleAction = "allow" | "deny";

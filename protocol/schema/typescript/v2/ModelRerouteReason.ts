// Generated from the message types of codex-trio. Do not edit.

/** Why another model answers. */
export type ModelRerouteReason = "highRiskCyberActivity";

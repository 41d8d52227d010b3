// Generated from the message types of codex-trio. Do not edit.

/** How much harm an action could do. */
export type GuardianRiskLevel = "low" | "medium" | "high" | "critical";

// Generated from the message types of codex-trio. Do not edit.

/** What happened to a sub-agent. */
export type SubAgentActivityKind = "started" | "interacted" | "interrupted" | "completed";

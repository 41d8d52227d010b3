// Generated from the message types of codex-trio. Do not edit.

/** Which generation of sub-agents a model can use. */
export type MultiAgentVersion = "disabled" | "v1" | "v2";

// Generated from the message types of codex-trio. Do not edit.

/** A sub-agent's place below the root agent, such as `/root/worker`. */
export type AgentPath = string;

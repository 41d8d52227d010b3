// Generated from the message types of codex-trio. Do not edit.

/** Whether an outer sandbox lets commands reach the network. */
export type NetworkAccess = "restricted" | "enabled";

// Generated from the message types of codex-trio. Do not edit.

/** Whether an environment can be reached. */
export type EnvironmentStatusKind = "ready" | "pending" | "disconnected" | "unknown";

// Generated from the message types of codex-trio. Do not edit.

/** Whether it is waited for. */
export type HookExecutionMode = "sync" | "async";

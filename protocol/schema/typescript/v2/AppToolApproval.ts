// Generated from the message types of codex-trio. Do not edit.

/** When a tool of an app asks. */
export type AppToolApproval = "auto" | "prompt" | "writes" | "approve";

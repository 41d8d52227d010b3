// Generated from the message types of codex-trio. Do not edit.

/** Whether the sandbox is set up. */
export type WindowsSandboxReadiness = "ready" | "notConfigured" | "updateRequired";

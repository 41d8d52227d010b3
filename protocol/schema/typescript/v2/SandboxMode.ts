// Generated from the message types of codex-trio. Do not edit.

/** Name of a sandbox, as configuration spells it. */
export type SandboxMode = "read-only" | "workspace-write" | "danger-full-access";

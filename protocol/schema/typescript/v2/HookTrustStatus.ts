// Generated from the message types of codex-trio. Do not edit.

/** Whether a hook may run. */
export type HookTrustStatus = "managed" | "untrusted" | "trusted" | "modified";

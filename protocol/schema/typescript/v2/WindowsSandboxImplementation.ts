// Generated from the message types of codex-trio. Do not edit.

/** Which sandbox is used. */
export type WindowsSandboxImplementation = "elevated" | "unelevated" | "mxc";

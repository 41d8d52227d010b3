// Generated from the message types of codex-trio. Do not edit.

/** With or without administrator's rights. */
export type WindowsSandboxSetupMode = "elevated" | "unelevated";

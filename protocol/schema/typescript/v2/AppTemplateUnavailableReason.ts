// Generated from the message types of codex-trio. Do not edit.

/** Why an app cannot be made from a template. */
export type AppTemplateUnavailableReason = "NOT_CONFIGURED_FOR_WORKSPACE" | "NO_ACTIVE_WORKSPACE";

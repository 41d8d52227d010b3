// Generated from the message types of codex-trio. Do not edit.

/** Whom it is shared with. */
export type PluginSharePrincipalType = "user" | "group" | "workspace";

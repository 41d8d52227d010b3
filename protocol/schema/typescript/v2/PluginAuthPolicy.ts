// Generated from the message types of codex-trio. Do not edit.

/** When a plugin's apps ask for their logins. */
export type PluginAuthPolicy = "ON_INSTALL" | "ON_USE";

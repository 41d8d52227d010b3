// Generated from the message types of codex-trio. Do not edit.

/** Whether it may be installed, or already is. */
export type PluginInstallPolicy = "NOT_AVAILABLE" | "AVAILABLE" | "INSTALLED_BY_DEFAULT";

// Generated from the message types of codex-trio. Do not edit.

/** Answer to `plugin/uninstall`: it is done. */
export type PluginUninstallResponse = Record<string, never>;

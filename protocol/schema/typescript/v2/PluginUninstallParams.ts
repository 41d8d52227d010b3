// Generated from the message types of codex-trio. Do not edit.

/**
 * Remove a plugin.
 *
 * Errors: -32600 when it is not installed.
 */
export type PluginUninstallParams = {
  pluginId: string,
};

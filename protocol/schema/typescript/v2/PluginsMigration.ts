// Generated from the message types of codex-trio. Do not edit.

/** Plugins to take over. */
export type PluginsMigration = {
  marketplaceName: string,
  pluginNames: Array<string>,
};

// Generated from the message types of codex-trio. Do not edit.

/** A plugin that changed, and what it touches. */
export type PluginReconcileChangedPlugin = {
  id: string,
  hasMcps: boolean,
  hasApps: boolean,
  hasHooks: boolean,
  hasSkills: boolean,
};

// Generated from the message types of codex-trio. Do not edit.

/**
 * Read a skill of a remote plugin.
 *
 * Errors: -32600 when it is not there.
 */
export type PluginSkillReadParams = {
  remoteMarketplaceName: string,
  remotePluginId: string,
  skillName: string,
};

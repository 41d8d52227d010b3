// Generated from the message types of codex-trio. Do not edit.

/**
 * Share a plugin no longer.
 *
 * Errors: -32600 without a ChatGPT login.
 */
export type PluginShareDeleteParams = {
  remotePluginId: string,
};

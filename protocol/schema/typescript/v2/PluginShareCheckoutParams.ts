// Generated from the message types of codex-trio. Do not edit.

/**
 * Fetch a shared plugin to work on it.
 *
 * Errors: -32600 without a ChatGPT login; -32603 when it cannot be fetched.
 */
export type PluginShareCheckoutParams = {
  remotePluginId: string,
};

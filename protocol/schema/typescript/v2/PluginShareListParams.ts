// Generated from the message types of codex-trio. Do not edit.

/**
 * List the plugins that this account shares.
 *
 * Errors: -32600 without a ChatGPT login.
 */
export type PluginShareListParams = Record<string, never>;

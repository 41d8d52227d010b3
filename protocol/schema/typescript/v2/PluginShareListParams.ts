// Generated from the message types of codex-trio. Do not edit.

/** List the plugins that this account shares. */
export type PluginShareListParams = Record<string, never>;

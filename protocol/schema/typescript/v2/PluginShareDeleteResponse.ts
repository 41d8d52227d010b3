// Generated from the message types of codex-trio. Do not edit.

/** Answer to `plugin/share/delete`: it is done. */
export type PluginShareDeleteResponse = Record<string, never>;

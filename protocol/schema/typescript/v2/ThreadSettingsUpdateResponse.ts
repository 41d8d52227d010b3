// Generated from the message types of codex-trio. Do not edit.

/** Answer to `thread/settings/update`: it is done. */
export type ThreadSettingsUpdateResponse = Record<string, never>;

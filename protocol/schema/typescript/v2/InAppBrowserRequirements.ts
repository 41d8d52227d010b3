// Generated from the message types of codex-trio. Do not edit.

/** What is required of the built-in browser. */
export type InAppBrowserRequirements = {
  allowExternalBrowserSettingsImport: boolean | null,
};

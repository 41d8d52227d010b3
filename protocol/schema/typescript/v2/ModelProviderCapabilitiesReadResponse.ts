// Generated from the message types of codex-trio. Do not edit.

/** What the current provider can do. */
export type ModelProviderCapabilitiesReadResponse = {
  imageGeneration: boolean,
  webSearch: boolean,
};

// Generated from the message types of codex-trio. Do not edit.

/** Ask what the current provider can do. */
export type ModelProviderCapabilitiesReadParams = Record<string, never>;

// Generated from the message types of codex-trio. Do not edit.

/** List the providers. */
export type ModelProviderListParams = Record<string, never>;

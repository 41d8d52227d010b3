// Generated from the message types of codex-trio. Do not edit.

/**
 * Choose the provider of new threads, in the user's configuration; threads that are loaded keep theirs.
 *
 * Errors: -32600 for a provider that is not configured, and for what `config/value/write` refuses.
 */
export type ModelProviderDefaultSetParams = {
  providerId: string,
};

// Generated from the message types of codex-trio. Do not edit.

/**
 * Add a marketplace from a folder, a Git URL or a GitHub name. Null takes the default branch and all files.
 *
 * Errors: -32600 for an unusable source.
 */
export type MarketplaceAddParams = {
  source: string,
  refName?: string | null,
  sparsePaths?: Array<string> | null,
};

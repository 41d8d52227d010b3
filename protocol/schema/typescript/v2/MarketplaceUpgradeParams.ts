// Generated from the message types of codex-trio. Do not edit.

/**
 * Fetch a marketplace anew; null means all.
 *
 * Errors: -32600 for one that is not fetched with Git. What fails on the way stands in the result.
 */
export type MarketplaceUpgradeParams = {
  marketplaceName?: string | null,
};

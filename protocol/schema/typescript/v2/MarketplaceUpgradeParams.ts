// Generated from the message types of codex-trio. Do not edit.

/** Fetch a marketplace anew; null means all. */
export type MarketplaceUpgradeParams = {
  marketplaceName?: string | null,
};

// Generated from the message types of codex-trio. Do not edit.

/** A marketplace that could not be fetched. */
export type MarketplaceUpgradeErrorInfo = {
  marketplaceName: string,
  message: string,
};

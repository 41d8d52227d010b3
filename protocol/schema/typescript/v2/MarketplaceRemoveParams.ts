// Generated from the message types of codex-trio. Do not edit.

/**
 * Remove a marketplace.
 *
 * Errors: -32600 for an unknown one.
 */
export type MarketplaceRemoveParams = {
  marketplaceName: string,
};

// Generated from the message types of codex-trio. Do not edit.

/** How a marketplace likes to be shown. */
export type MarketplaceInterface = {
  displayName: string | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { MarketplaceLoadErrorInfo } from "./MarketplaceLoadErrorInfo";
import type { PluginMarketplaceEntry } from "./PluginMarketplaceEntry";

/** Marketplaces, those that could not be read, and plugins to show first. */
export type PluginListResponse = {
  marketplaces: Array<PluginMarketplaceEntry>,
  marketplaceLoadErrors: Array<MarketplaceLoadErrorInfo>,
  featuredPluginIds: Array<string>,
};

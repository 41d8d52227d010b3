// Generated from the message types of codex-trio. Do not edit.
import type { MarketplaceLoadErrorInfo } from "./MarketplaceLoadErrorInfo";
import type { PluginMarketplaceEntry } from "./PluginMarketplaceEntry";

/** What is installed, by marketplace, and marketplaces that could not be read. */
export type PluginInstalledResponse = {
  marketplaces: Array<PluginMarketplaceEntry>,
  marketplaceLoadErrors: Array<MarketplaceLoadErrorInfo>,
};

// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { MarketplaceInterface } from "./MarketplaceInterface";
import type { PluginSummary } from "./PluginSummary";

/** A marketplace with its plugins; the path is null for a remote one. */
export type PluginMarketplaceEntry = {
  name: string,
  path: AbsolutePathBuf | null,
  interface: MarketplaceInterface | null,
  plugins: Array<PluginSummary>,
};

// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { MarketplaceUpgradeErrorInfo } from "./MarketplaceUpgradeErrorInfo";

/** What was fetched and what could not be. */
export type MarketplaceUpgradeResponse = {
  selectedMarketplaces: Array<string>,
  upgradedRoots: Array<AbsolutePathBuf>,
  errors: Array<MarketplaceUpgradeErrorInfo>,
};

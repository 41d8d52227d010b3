// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { PluginListMarketplaceKind } from "./PluginListMarketplaceKind";

/** List marketplaces and their plugins. Null folders list the user's own, null kinds the usual ones. */
export type PluginListParams = {
  cwds?: Array<AbsolutePathBuf> | null,
  marketplaceKinds?: Array<PluginListMarketplaceKind> | null,
  forceRefetch?: boolean,
};

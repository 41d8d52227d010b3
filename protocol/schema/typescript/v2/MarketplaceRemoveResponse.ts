// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** What was removed; the folder is null when there was none. */
export type MarketplaceRemoveResponse = {
  marketplaceName: string,
  installedRoot: AbsolutePathBuf | null,
};

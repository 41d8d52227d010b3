// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** The marketplace and where it is. */
export type MarketplaceAddResponse = {
  marketplaceName: string,
  installedRoot: AbsolutePathBuf,
  alreadyAdded: boolean,
};

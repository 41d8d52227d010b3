// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** A marketplace that could not be read. */
export type MarketplaceLoadErrorInfo = {
  marketplacePath: AbsolutePathBuf,
  message: string,
};

// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** The path as it is watched. */
export type FsWatchResponse = {
  path: AbsolutePathBuf,
};

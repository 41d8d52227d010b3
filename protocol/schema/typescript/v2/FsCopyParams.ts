// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/**
 * Copy a file, or a folder when `recursive` says so.
 *
 * Errors: -32600 for a relative path and for a folder without `recursive`; -32603 with the system's words.
 */
export type FsCopyParams = {
  sourcePath: AbsolutePathBuf,
  destinationPath: AbsolutePathBuf,
  recursive?: boolean,
};

// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/**
 * Be told of changes below a path. The id is the connection's own.
 *
 * Errors: -32600 for a relative path and for an id in use.
 */
export type FsWatchParams = {
  watchId: string,
  path: AbsolutePathBuf,
};

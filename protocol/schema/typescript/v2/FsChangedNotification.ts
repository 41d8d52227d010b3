// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** Something changed below a watched path. */
export type FsChangedNotification = {
  watchId: string,
  changedPaths: Array<AbsolutePathBuf>,
};

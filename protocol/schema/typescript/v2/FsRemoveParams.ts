// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/**
 * Remove a file or folder.
 *
 * Null counts as true: folders with all that is in them, and no complaint when it is not there.
 *
 * Errors: -32600 for a relative path; -32603 with the system's words.
 */
export type FsRemoveParams = {
  path: AbsolutePathBuf,
  recursive?: boolean | null,
  force?: boolean | null,
};

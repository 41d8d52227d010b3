// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/**
 * Make a folder, and those above it unless `recursive` is false.
 *
 * Errors: -32600 for a relative path; -32603 with the system's words.
 */
export type FsCreateDirectoryParams = {
  path: AbsolutePathBuf,
  recursive?: boolean | null,
};

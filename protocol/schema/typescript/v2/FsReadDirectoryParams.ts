// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/**
 * List a folder.
 *
 * Errors: -32600 for a relative path; -32603 with the system's words.
 */
export type FsReadDirectoryParams = {
  path: AbsolutePathBuf,
};

// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/**
 * Write a file, replacing what it held.
 *
 * Errors: -32600 for a relative path and for bad base64; -32603 with the system's words.
 */
export type FsWriteFileParams = {
  path: AbsolutePathBuf,
  dataBase64: string,
};

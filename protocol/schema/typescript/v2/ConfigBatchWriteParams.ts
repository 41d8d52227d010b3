// Generated from the message types of codex-trio. Do not edit.
import type { ConfigEdit } from "./ConfigEdit";

/**
 * Make several changes at once, or none.
 *
 * Errors: -32600 with `data` that names the reason: a version that is out of date, a file that must not be written, an
 * invalid result.
 */
export type ConfigBatchWriteParams = {
  edits: Array<ConfigEdit>,
  /** Null is the user's file. */
  filePath?: string | null,
  /** Refuse when the file has changed since; null does not check. */
  expectedVersion?: string | null,
  /** Let loaded threads feel it. */
  reloadUserConfig?: boolean,
};

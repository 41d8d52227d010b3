// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/**
 * Put a report into a new ZIP file.
 *
 * Errors: -32600 for a relative path and an existing file.
 */
export type FeedbackSaveParams = {
  savePath: LegacyAppPathString,
  classification: string,
  reason?: string | null,
  threadId?: string | null,
  includeLogs?: boolean,
  extraLogFiles?: Array<string> | null,
  tags?: { [key in string]?: string } | null,
};

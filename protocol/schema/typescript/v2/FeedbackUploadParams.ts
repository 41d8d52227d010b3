// Generated from the message types of codex-trio. Do not edit.

/**
 * Send a report. Null says nothing about it.
 *
 * Errors: -32600 when reports are switched off; -32603 when it cannot be sent.
 */
export type FeedbackUploadParams = {
  classification: string,
  reason?: string | null,
  threadId?: string | null,
  includeLogs?: boolean,
  extraLogFiles?: Array<string> | null,
  tags?: { [key in string]?: string } | null,
};

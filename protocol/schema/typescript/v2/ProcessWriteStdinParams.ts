// Generated from the message types of codex-trio. Do not edit.

/**
 * Write to a process's input, close it, or both.
 *
 * Errors: -32600 for an unknown handle, bad base64, closed input, and nothing to do.
 */
export type ProcessWriteStdinParams = {
  processHandle: string,
  deltaBase64?: string | null,
  closeStdin?: boolean,
};

// Generated from the message types of codex-trio. Do not edit.

/**
 * Write to a command's input, close it, or both.
 *
 * Errors: -32600 for an unknown id, bad base64, closed input, and nothing to do.
 */
export type CommandExecWriteParams = {
  processId: string,
  deltaBase64?: string | null,
  closeStdin?: boolean,
};

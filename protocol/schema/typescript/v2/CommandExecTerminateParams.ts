// Generated from the message types of codex-trio. Do not edit.

/**
 * End a command; its answer still comes.
 *
 * Errors: -32600 for an unknown id.
 */
export type CommandExecTerminateParams = {
  processId: string,
};

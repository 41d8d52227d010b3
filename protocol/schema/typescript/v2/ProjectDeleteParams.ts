// Generated from the message types of codex-trio. Do not edit.

/**
 * Remove a project; its threads stay.
 *
 * Errors: -32600 for an unknown one.
 */
export type ProjectDeleteParams = {
  projectId: string,
};

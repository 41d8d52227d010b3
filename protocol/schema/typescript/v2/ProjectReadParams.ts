// Generated from the message types of codex-trio. Do not edit.

/**
 * Read a project.
 *
 * Errors: -32600 for an unknown one.
 */
export type ProjectReadParams = {
  projectId: string,
};

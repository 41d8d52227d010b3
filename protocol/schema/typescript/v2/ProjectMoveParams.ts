// Generated from the message types of codex-trio. Do not edit.

/**
 * Put a project before another one; null puts it last.
 *
 * Errors: -32600 for an unknown one.
 */
export type ProjectMoveParams = {
  projectId: string,
  beforeProjectId?: string | null,
};

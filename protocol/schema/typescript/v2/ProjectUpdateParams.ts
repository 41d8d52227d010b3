// Generated from the message types of codex-trio. Do not edit.
import type { ProjectRoot } from "./ProjectRoot";

/**
 * Change a project. Null keeps.
 *
 * Errors: -32600 for an unknown one or a blank name.
 */
export type ProjectUpdateParams = {
  projectId: string,
  name?: string | null,
  roots?: Array<ProjectRoot> | null,
  metadata?: { [key in string]?: string } | null,
};

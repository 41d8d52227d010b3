// Generated from the message types of codex-trio. Do not edit.
import type { ProjectRoot } from "./ProjectRoot";

/**
 * Make a project; the same key makes it once.
 *
 * Errors: -32600 for a blank name or no folder.
 */
export type ProjectCreateParams = {
  name: string,
  roots: Array<ProjectRoot>,
  metadata?: { [key in string]?: string } | null,
  idempotencyKey: string,
};

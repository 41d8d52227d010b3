// Generated from the message types of codex-trio. Do not edit.
import type { ProjectRoot } from "./ProjectRoot";

/**
 * Make a project with threads in it; the same key makes it once.
 *
 * Errors: -32600 for a blank name, no folder or unknown threads.
 */
export type ProjectImportParams = {
  name: string,
  roots: Array<ProjectRoot>,
  metadata?: { [key in string]?: string } | null,
  threads?: Array<string> | null,
  idempotencyKey: string,
};

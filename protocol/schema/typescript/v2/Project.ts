// Generated from the message types of codex-trio. Do not edit.
import type { ProjectRoot } from "./ProjectRoot";

/** A project. Times are Unix seconds; null when it has no thread. Lists have them in the user's order. */
export type Project = {
  id: string,
  name: string,
  roots: Array<ProjectRoot>,
  metadata: { [key in string]?: string },
  position?: number,
  createdAt: number,
  updatedAt: number,
  recencyAt: number | null,
};

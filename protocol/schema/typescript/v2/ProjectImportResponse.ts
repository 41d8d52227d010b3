// Generated from the message types of codex-trio. Do not edit.
import type { Project } from "./Project";

/** The new project. */
export type ProjectImportResponse = {
  project: Project,
};

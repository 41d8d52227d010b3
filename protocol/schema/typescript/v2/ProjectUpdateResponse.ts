// Generated from the message types of codex-trio. Do not edit.
import type { Project } from "./Project";

/** The project as it is now. */
export type ProjectUpdateResponse = {
  project: Project,
};

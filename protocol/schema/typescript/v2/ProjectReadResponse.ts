// Generated from the message types of codex-trio. Do not edit.
import type { Project } from "./Project";

/** The project. */
export type ProjectReadResponse = {
  project: Project,
};

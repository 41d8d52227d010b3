// Generated from the message types of codex-trio. Do not edit.
import type { Project } from "./Project";

/** A page of projects; a null cursor marks the last one. */
export type ProjectListResponse = {
  data: Array<Project>,
  nextCursor: string | null,
};

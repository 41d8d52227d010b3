// Generated from the message types of codex-trio. Do not edit.
import type { ProjectChangeType } from "./ProjectChangeType";

/** A project has changed. */
export type ProjectChangedNotification = {
  projectId: string,
  changeType: ProjectChangeType,
};

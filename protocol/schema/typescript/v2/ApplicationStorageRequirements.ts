// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** Where the desktop program puts new workspaces. */
export type ApplicationStorageRequirements = {
  defaultProjectParent: LegacyAppPathString | null,
  projectlessWorkspaceRoot: LegacyAppPathString | null,
};

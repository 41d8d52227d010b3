// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** An environment of a thread. */
export type ThreadEnvironment = {
  environmentId: string,
  cwd: LegacyAppPathString,
  runtimeWorkspaceRoots: Array<LegacyAppPathString>,
};

// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** An environment for turns, with the folder to work in. Null roots are that folder. */
export type TurnEnvironmentParams = {
  environmentId: string,
  cwd: LegacyAppPathString,
  runtimeWorkspaceRoots?: Array<LegacyAppPathString> | null,
};

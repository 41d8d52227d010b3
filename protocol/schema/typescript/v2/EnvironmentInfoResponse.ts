// Generated from the message types of codex-trio. Do not edit.
import type { PathUri } from "../PathUri";
import type { EnvironmentShellInfo } from "./EnvironmentShellInfo";

/** What the environment is like; the folder is null when it has no default. */
export type EnvironmentInfoResponse = {
  shell: EnvironmentShellInfo,
  cwd: PathUri | null,
};

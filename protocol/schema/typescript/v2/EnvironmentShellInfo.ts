// Generated from the message types of codex-trio. Do not edit.

/** The shell of an environment. */
export type EnvironmentShellInfo = {
  name: string,
  path: string,
};

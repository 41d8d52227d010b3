// Generated from the message types of codex-trio. Do not edit.

/** Skills that an environment must bring. */
export type EnvironmentSkillsParams = {
  required?: Array<string> | null,
};

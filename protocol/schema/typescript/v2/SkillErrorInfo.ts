// Generated from the message types of codex-trio. Do not edit.

/** A skill file that could not be read. */
export type SkillErrorInfo = {
  path: string,
  message: string,
};

// Generated from the message types of codex-trio. Do not edit.

/** Whether the skill is on now. */
export type SkillsConfigWriteResponse = {
  effectiveEnabled: boolean,
};

// Generated from the message types of codex-trio. Do not edit.

/** A skill to take over. */
export type SkillMigration = {
  name: string,
};

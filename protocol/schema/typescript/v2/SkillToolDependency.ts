// Generated from the message types of codex-trio. Do not edit.

/** Something that a skill needs. Keys without a value are left out. */
export type SkillToolDependency = {
  type: string,
  value: string,
  description?: string | null,
  transport?: string | null,
  command?: string | null,
  url?: string | null,
};

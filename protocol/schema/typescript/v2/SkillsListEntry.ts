// Generated from the message types of codex-trio. Do not edit.
import type { SkillErrorInfo } from "./SkillErrorInfo";
import type { SkillMetadata } from "./SkillMetadata";

/** Skills for one folder. */
export type SkillsListEntry = {
  cwd: string,
  skills: Array<SkillMetadata>,
  errors: Array<SkillErrorInfo>,
};

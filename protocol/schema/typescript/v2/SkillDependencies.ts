// Generated from the message types of codex-trio. Do not edit.
import type { SkillToolDependency } from "./SkillToolDependency";

/** What a skill needs. */
export type SkillDependencies = {
  tools: Array<SkillToolDependency>,
};

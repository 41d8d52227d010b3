// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { SkillDependencies } from "./SkillDependencies";
import type { SkillInterface } from "./SkillInterface";
import type { SkillScope } from "./SkillScope";

/** A skill. Keys without a value are left out. */
export type SkillMetadata = {
  name: string,
  description: string,
  shortDescription?: string | null,
  interface?: SkillInterface | null,
  dependencies?: SkillDependencies | null,
  path: LegacyAppPathString,
  scope: SkillScope,
  enabled: boolean,
  /** The plugin that brought it; null for others. */
  pluginId: string | null,
};

// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { SkillInterface } from "./SkillInterface";

/** A skill of a plugin. The path is null while it is not installed. */
export type SkillSummary = {
  name: string,
  description: string,
  shortDescription: string | null,
  interface: SkillInterface | null,
  path: LegacyAppPathString | null,
  enabled: boolean,
};

// Generated from the message types of codex-trio. Do not edit.
import type { SkillsListEntry } from "./SkillsListEntry";

/** Skills by folder, in the order of the question. */
export type SkillsListResponse = {
  data: Array<SkillsListEntry>,
};

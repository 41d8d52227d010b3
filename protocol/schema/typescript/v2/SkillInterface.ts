// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** How a skill likes to be shown. Null where it does not say. */
export type SkillInterface = {
  displayName: string | null,
  shortDescription: string | null,
  iconSmall: AbsolutePathBuf | null,
  iconLarge: AbsolutePathBuf | null,
  iconSmallUrl: string | null,
  iconLargeUrl: string | null,
  brandColor: string | null,
  defaultPrompt: string | null,
};

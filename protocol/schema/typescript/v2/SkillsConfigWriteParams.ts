// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/**
 * Switch a skill on or off, by path or by name.
 *
 * Errors: -32600 without either.
 */
export type SkillsConfigWriteParams = {
  path?: AbsolutePathBuf | null,
  name?: string | null,
  enabled: boolean,
};

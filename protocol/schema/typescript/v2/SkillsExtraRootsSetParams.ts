// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/**
 * Also look for skills in these folders, for this process.
 *
 * Errors: -32600 for a relative path.
 */
export type SkillsExtraRootsSetParams = {
  extraRoots: Array<AbsolutePathBuf>,
};

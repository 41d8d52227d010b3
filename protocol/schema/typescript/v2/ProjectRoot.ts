// Generated from the message types of codex-trio. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** A folder of a project. */
export type ProjectRoot = {
  path: AbsolutePathBuf,
};

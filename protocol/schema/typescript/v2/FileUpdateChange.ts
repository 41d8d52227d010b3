// Generated from the message types of codex-trio. Do not edit.
import type { PatchChangeKind } from "./PatchChangeKind";

/** One file of a patch, by absolute path. */
export type FileUpdateChange = {
  path: string,
  kind: PatchChangeKind,
  diff: string,
};

// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** A place that has a meaning instead of a fixed path. */
export type FileSystemSpecialPath = {
  "kind": "root",
} | {
  "kind": "minimal",
} | {
  "kind": "project_roots",
  subpath?: LegacyAppPathString | null,
} | {
  "kind": "tmpdir",
} | {
  "kind": "slash_tmp",
} | {
  "kind": "unknown",
  path: string,
  subpath?: LegacyAppPathString | null,
};

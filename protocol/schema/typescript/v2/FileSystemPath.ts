// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { FileSystemSpecialPath } from "./FileSystemSpecialPath";

/** What a file system entry is about. */
export type FileSystemPath = {
  "type": "path",
  path: LegacyAppPathString,
} | {
  "type": "glob_pattern",
  pattern: string,
} | {
  "type": "special",
  value: FileSystemSpecialPath,
};

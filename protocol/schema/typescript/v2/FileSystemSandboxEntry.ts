// Generated from the message types of codex-trio. Do not edit.
import type { FileSystemAccessMode } from "./FileSystemAccessMode";
import type { FileSystemPath } from "./FileSystemPath";

/** One rule of a file system policy. */
export type FileSystemSandboxEntry = {
  path: FileSystemPath,
  access: FileSystemAccessMode,
};

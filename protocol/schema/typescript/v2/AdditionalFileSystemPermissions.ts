// Generated from the message types of codex-trio. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { FileSystemSandboxEntry } from "./FileSystemSandboxEntry";

/** Files beyond the sandbox. `read` and `write` are the older form of `entries`. */
export type AdditionalFileSystemPermissions = {
  read?: Array<LegacyAppPathString> | null,
  write?: Array<LegacyAppPathString> | null,
  /** How many folders deep patterns are resolved; left out for the default. */
  globScanMaxDepth?: number | null,
  entries?: Array<FileSystemSandboxEntry> | null,
};

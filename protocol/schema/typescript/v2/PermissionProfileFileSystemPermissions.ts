// Generated from the message types of codex-trio. Do not edit.
import type { FileSystemSandboxEntry } from "./FileSystemSandboxEntry";

/** File access of a spelled-out profile (release 0.131). */
export type PermissionProfileFileSystemPermissions = {
  "type": "restricted",
  entries: Array<FileSystemSandboxEntry>,
  globScanMaxDepth?: number | null,
} | {
  "type": "unrestricted",
};

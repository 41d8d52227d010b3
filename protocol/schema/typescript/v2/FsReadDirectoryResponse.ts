// Generated from the message types of codex-trio. Do not edit.
import type { FsReadDirectoryEntry } from "./FsReadDirectoryEntry";

/** What is in the folder. */
export type FsReadDirectoryResponse = {
  entries: Array<FsReadDirectoryEntry>,
};

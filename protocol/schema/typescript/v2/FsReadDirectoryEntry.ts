// Generated from the message types of codex-trio. Do not edit.

/** A name in a folder. */
export type FsReadDirectoryEntry = {
  fileName: string,
  isDirectory: boolean,
  isFile: boolean,
};

// Generated from the message types of codex-trio. Do not edit.

/** What a path is. Times are Unix milliseconds, 0 where the system does not tell. */
export type FsGetMetadataResponse = {
  isDirectory: boolean,
  isFile: boolean,
  isSymlink: boolean,
  createdAtMs: number,
  modifiedAtMs: number,
};

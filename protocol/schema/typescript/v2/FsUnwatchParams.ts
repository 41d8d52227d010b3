// Generated from the message types of codex-trio. Do not edit.

/** End a watch. An unknown id is no error. */
export type FsUnwatchParams = {
  watchId: string,
};

// Generated from the message types of codex-trio. Do not edit.

/** The remote's commit and the diff from it, untracked files included. */
export type GitDiffToRemoteResponse = {
  sha: string,
  diff: string,
};

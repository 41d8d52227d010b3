// Generated from the message types of codex-trio. Do not edit.

/**
 * Ask for the difference between a working tree and the closest commit that its remote has.
 *
 * Errors: -32600 without a repository or a remote.
 */
export type GitDiffToRemoteParams = {
  cwd: string,
};

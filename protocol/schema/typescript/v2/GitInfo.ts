// Generated from the message types of codex-trio. Do not edit.

/** The repository that a thread works in. Null parts are unknown. */
export type GitInfo = {
  sha: string | null,
  branch: string | null,
  originUrl: string | null,
};

// Generated from the message types of codex-trio. Do not edit.

/** What to review. */
export type ReviewTarget = {
  "type": "uncommittedChanges",
} | {
  "type": "baseBranch",
  branch: string,
} | {
  "type": "commit",
  sha: string,
  title?: string | null,
} | {
  "type": "custom",
  instructions: string,
};

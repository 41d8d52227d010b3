// Generated from the message types of codex-trio. Do not edit.

/** What a patch wants to do to one file. */
export type FileChange = {
  "type": "add",
  content: string,
} | {
  "type": "delete",
  content: string,
} | {
  "type": "update",
  unified_diff: string,
  move_path: string | null,
};

// Generated from the message types of codex-trio. Do not edit.

/** What a patch does to a file. */
export type PatchChangeKind = {
  "type": "add",
} | {
  "type": "delete",
} | {
  "type": "update",
  move_path: string | null,
};

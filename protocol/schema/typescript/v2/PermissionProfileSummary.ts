// Generated from the message types of codex-trio. Do not edit.

/** A profile that could be chosen; `allowed` is false when requirements forbid it. */
export type PermissionProfileSummary = {
  id: string,
  description: string | null,
  allowed: boolean,
};

// Generated from the message types of codex-trio. Do not edit.

/** Answer to `project/delete`: it is done. */
export type ProjectDeleteResponse = Record<string, never>;
